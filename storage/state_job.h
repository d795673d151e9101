// Which job a state belongs to, asked before a run touches anything of it.
//
// Thread-safe: a free function with a connection of its own. Reads only.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace sluice {

struct StateJob {
  std::string fingerprint;  // of the job of its generation; empty: none has begun
  // Titles of what the job itself names: collections, and the files that are made from them.
  std::set<std::string> parts;

  // The name of the source: the first word of every fingerprint.
  std::string source() const { return fingerprint.substr(0, fingerprint.find(' ')); }
};

// Of a state of whatever version. nullopt: there is none, or it cannot be read; what that means,
// opening it says.
std::optional<StateJob> ReadStateJob(const std::filesystem::path& state_file);

}  // namespace sluice
