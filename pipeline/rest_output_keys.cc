// What becomes of the rows of a resource: filters, fields, names, file.
#include <fmt/format.h>

#include <algorithm>

#include "pipeline/rest_keys.h"

namespace sluice {
namespace {

using rest::Filter;

constexpr std::array<std::pair<std::string_view, Filter::Test>, 5> kTests{
    {{"equals", Filter::Test::kEquals},
     {"not_equals", Filter::Test::kNotEquals},
     {"contains", Filter::Test::kContains},
     {"less", Filter::Test::kLess},
     {"greater", Filter::Test::kGreater}}};

constexpr std::array<std::pair<std::string_view, Format>, 3> kFormats{
    {{"jsonl", Format::kJsonl}, {"csv", Format::kCsv}, {"sqlite", Format::kSqlite}}};

constexpr std::array<std::pair<std::string_view, SchemaPolicy>, 3> kPolicies{
    {{"evolve", SchemaPolicy::kEvolve},
     {"freeze", SchemaPolicy::kFreeze},
     {"discard_row", SchemaPolicy::kDiscardRow}}};

constexpr std::array<std::pair<std::string_view, Compression>, 3> kCompressions{
    {{"none", Compression::kNone}, {"gzip", Compression::kGzip}, {"zstd", Compression::kZstd}}};

// { path, and one of the tests }.
Filter ReadFilter(TableReader table) {
  Filter filter;
  table.Require("path", "it is the path of what is tested in a record");
  filter.path = table.Path("path").value_or("");
  int tests = 0;
  for (const auto& [name, test] : kTests) {
    if (!table.Has(name)) continue;
    filter.test = test;
    filter.value = table.Scalar(name).value_or("");
    ++tests;
  }
  for (const char* name : {"exists", "missing"}) {
    if (!table.Has(name)) continue;
    const bool wanted = table.Flag(name).value_or(true) == (name == std::string_view("exists"));
    filter.test = wanted ? Filter::Test::kExists : Filter::Test::kMissing;
    ++tests;
  }
  if (tests != 1) {
    table.Complain("path",
                   "needs exactly one of equals, not_equals, contains, less, greater, exists and "
                   "missing beside it");
  }
  table.RefuseRest();
  return filter;
}

void ReadSteps(TableReader& resource, std::vector<Filter>& filters) {
  for (TableReader& step : resource.Tables("processing_steps")) {
    if (auto filter = step.Table("filter")) filters.push_back(ReadFilter(*filter));
    step.NotSupported("map", "fields, rename and flatten in [resources.output] say how rows look");
    step.NotSupported("yield_map", "a child resource gives rows of its own");
    step.RefuseRest();
  }
}

void ReadNames(TableReader& table, OutputSpec& output) {
  if (auto fields = table.Texts("fields")) {
    if (std::find(fields->begin(), fields->end(), "") != fields->end()) {
      table.MustBe("fields", "a list of paths, as \"user.login\"");
    }
    output.fields = std::move(*fields);
  }
  auto rename = table.Table("rename");
  if (!rename) return;
  for (const TableReader::Found& found : rename->Rest()) {
    const auto column = rename->Text(found.name);
    if (column && column->empty()) rename->MustBe(found.name, "the name of a column");
    const bool again = std::any_of(output.rename.begin(), output.rename.end(),
                                   [&](const auto& other) { return other.first == found.name; });
    if (column && !again) output.rename.emplace_back(found.name, *column);
  }
}

void ReadFile(TableReader& table, OutputSpec& output) {
  constexpr std::int64_t kMax = 1'000'000'000'000;
  output.format = table.Word("format", kFormats).value_or(output.format);
  output.flatten = table.Flag("flatten").value_or(output.flatten);
  if (const auto depth = table.Number("max_table_nesting", 0, 100)) {
    output.max_table_nesting = static_cast<int>(*depth);
  }
  output.schema_policy = table.Word("schema_policy", kPolicies).value_or(output.schema_policy);
  output.rows_per_file = table.Number("rows_per_file", 0, kMax).value_or(0);
  output.bytes_per_file = table.ByteCount("bytes_per_file").value_or(0);
  output.compression = table.Word("compression", kCompressions).value_or(output.compression);
  if (output.format != Format::kSqlite) return;
  for (const char* name : {"rows_per_file", "bytes_per_file", "compression"}) {
    if (table.Has(name)) table.Complain(name, "has no effect on SQLite, which is one file");
  }
}

}  // namespace

void ReadOutput(TableReader& resource, rest::Resource& result) {
  for (const TableReader& filter : resource.Tables("filters")) {
    result.filters.push_back(ReadFilter(filter));
  }
  ReadSteps(resource, result.filters);
  // They may stand at the resource as well.
  ReadNames(resource, result.output);
  if (const auto depth = resource.Number("max_table_nesting", 0, 100)) {
    result.output.max_table_nesting = static_cast<int>(*depth);
  }
  auto output = resource.Table("output");
  if (!output) return;
  ReadNames(*output, result.output);
  ReadFile(*output, result.output);
  output->RefuseRest();
}

}  // namespace sluice
