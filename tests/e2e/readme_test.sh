#!/usr/bin/env bash
# Runs what the READMEs tell people to type, against the simulator.
#
#   <!-- tested -->     the `sh` block that follows is run, in the order of the files below
#   <!-- file NAME -->  the block that follows is written to NAME first
#
# usage: readme_test.sh SOURCE_DIR BINARY_DIR; exit 77: a tool is missing.
set -euo pipefail
source_dir="$1"
binary_dir="$2"
command -v sqlite3 >/dev/null || exit 77

folder="$(mktemp -d)"
simulator_pid=""
cleanup() {
  [[ -z $simulator_pid ]] || kill "$simulator_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

"$binary_dir/sluice-sim" notion --port 0 --pages 12 --blocks 6 --databases 1 --seed 3 \
  >"$folder/simulator.out" &
simulator_pid=$!
for _ in {1..100}; do
  grep -q '^listening ' "$folder/simulator.out" && break
  sleep 0.1
done
url="$(sed -n 's/^listening //p' "$folder/simulator.out")"
[[ -n $url ]] || { echo "the simulator does not listen" >&2; exit 1; }

# Blocks land in "$folder/blocks" as NNN.sh, and as files in the folder where they are run.
mkdir -p "$folder/blocks" "$folder/here/build"
ln -s "$binary_dir" "$folder/here/build/release"
for readme in README.md pipeline/README.md stages/README.md storage/README.md; do
  awk -v blocks="$folder/blocks" -v here="$folder/here" -v base="${readme//\//_}" '
    /^<!-- tested -->$/ { target = sprintf("%s/%s.%03d.sh", blocks, base, ++count); next }
    /^<!-- file .* -->$/ { target = here "/" $3; next }
    /^```/ && !inside && target { inside = 1; printf "" > target; next }
    /^```/ && inside { inside = 0; close(target); target = ""; next }
    inside { print > target }' "$source_dir/$readme"
done

# The root README runs the export that the others look at.
export NOTION_TOKEN=simulated SLUICE_NOTION_BASE_URL="$url" SLUICE_LIMITS_RATE=0
cd "$folder/here"
ran=0
for block in "$folder"/blocks/README.md.* "$folder"/blocks/*_README.md.*; do
  [[ -f $block ]] || continue
  if ! bash -euo pipefail "$block" >"$folder/out" 2>&1; then
    echo "failed: $(basename "$block")" >&2
    cat "$block" "$folder/out" >&2
    exit 1
  fi
  ran=$((ran + 1))
done
((ran >= 4)) || { echo "only $ran blocks are marked as tested" >&2; exit 1; }
echo "$ran blocks ran"
