// Reads tables of a job file key by key and remembers which were asked for, so that what is left is
// unknown, and the right names for "did you mean" are at hand.
#pragma once

#include <toml++/toml.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/problems.h"

namespace sluice {

// One table, or several laid over each other: a key is looked up in the first layer that has it,
// and tables below it are laid over each other in turn. All problems are told at the key's own
// line, with its full name; a reading that fails gives nullopt, as if the key were not there.
// Borrows the tables and `problems`.
class TableReader {
 public:
  struct Layer {
    const toml::table* table;
    std::string path;  // "resources.issues.endpoint", for messages
  };
  TableReader(std::vector<Layer> layers, Problems& problems)
      : layers_(std::move(layers)), problems_(&problems) {}

  bool Has(std::string_view name);
  std::optional<std::string> Text(std::string_view name);
  std::optional<std::string> Path(std::string_view name);  // of JSON; may not be empty
  // A string, a number, true or false, or a date, as text.
  std::optional<std::string> Scalar(std::string_view name);
  std::optional<bool> Flag(std::string_view name);
  std::optional<std::int64_t> Number(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<std::vector<std::string>> Texts(std::string_view name);  // a list of strings
  std::optional<std::vector<std::string>> TextOrTexts(std::string_view name);
  std::optional<std::vector<std::string>> Scalars(std::string_view name);
  std::optional<std::chrono::milliseconds> Duration(std::string_view name);
  std::optional<double> Seconds(std::string_view name);  // a number of seconds
  std::optional<std::int64_t> ByteCount(std::string_view name);
  std::optional<TableReader> Table(std::string_view name);
  std::vector<TableReader> Tables(std::string_view name);  // an array of tables

  // One of `words`.
  template <class T, std::size_t size>
  std::optional<T> Word(std::string_view name,
                        const std::array<std::pair<std::string_view, T>, size>& words) {
    const auto text = Text(name);
    if (!text) return std::nullopt;
    for (const auto& [word, value] : words) {
      if (word == *text) return value;
    }
    std::vector<std::string_view> names;
    for (const auto& entry : words) names.push_back(entry.first);
    MustBeOneOf(name, names, *text);
    return std::nullopt;
  }

  struct Found {
    const toml::node* node;
    std::uint32_t line;
    std::string name;
    std::string key;  // its full name, for messages
  };
  std::optional<Found> Find(std::string_view name);
  // Every key of the layers but those of `except`, in the order of the file.
  std::vector<Found> Rest();

  void Complain(std::string_view name, std::string_view text);  // "KEY: TEXT", where it stands
  void MustBe(std::string_view name, std::string_view what);
  void MustBeOneOf(std::string_view name, const std::vector<std::string_view>& words,
                   std::string_view given);
  void NotSupported(std::string_view name, std::string_view instead);
  // The keys that are required and not there.
  void Require(std::string_view name, std::string_view why);
  // Tells what was not asked for. The last call.
  void RefuseRest();

  Problems& problems() const { return *problems_; }
  const std::vector<Layer>& layers() const { return layers_; }
  // The line where the first layer begins.
  std::uint32_t line() const;

 private:
  template <class Read>
  auto Convert(std::string_view name, std::string_view allowed, Read read);

  std::vector<Layer> layers_;
  Problems* problems_;
  std::vector<std::string> known_;
};

// A string, number, boolean or date of TOML as text; nullopt of a list or a table.
std::optional<std::string> ScalarText(const toml::node& node);

}  // namespace sluice
