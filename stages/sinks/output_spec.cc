#include "stages/sinks/output_spec.h"

namespace sluice {

std::string ExtensionOf(const OutputSpec& output) {
  if (output.format == Format::kSqlite) return ".db";
  const std::string format = output.format == Format::kJsonl ? ".jsonl" : ".csv";
  switch (output.compression) {
    case Compression::kNone:
      break;
    case Compression::kGzip:
      return format + ".gz";
    case Compression::kZstd:
      return format + ".zst";
  }
  return format;
}

}  // namespace sluice
