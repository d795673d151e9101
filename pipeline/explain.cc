#include "pipeline/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "pipeline/log.h"
#include "pipeline/sources.h"
#include "pipeline/units.h"
#include "stages/sources/trakt/files.h"
#include "stages/sources/trakt/sections.h"

namespace sluice {
namespace {

using rest::Paginator;
using rest::Resource;

std::string InQuery(const std::string& param) {
  return param.empty() ? "" : fmt::format(", sent as ?{}=", param);
}
std::string InBody(const std::string& path) {
  return path.empty() ? "" : fmt::format(", sent in the body at {}", path);
}

std::string PagesText(const Paginator& pages) {
  switch (pages.type) {
    case Paginator::Type::kAuto:
      return "found out from the first answer";
    case Paginator::Type::kSinglePage:
      return "single_page";
    case Paginator::Type::kJsonLink:
      return fmt::format("json_link, the next address at {}", pages.next_url_path);
    case Paginator::Type::kHeaderLink:
      return fmt::format("header_link, rel \"{}\"", pages.links_next_key);
    case Paginator::Type::kHeaderCursor:
      return fmt::format("header_cursor, the header {}{}", pages.cursor_key,
                         InQuery(pages.cursor_param));
    case Paginator::Type::kCursor:
      return fmt::format("cursor, at {}{}{}", pages.cursor_path, InQuery(pages.cursor_param),
                         InBody(pages.cursor_body_path));
    case Paginator::Type::kOffset:
      return fmt::format("offset, {} records a page from {}{}{}", pages.limit, pages.offset,
                         InQuery(pages.offset_param), InBody(pages.offset_body_path));
    case Paginator::Type::kPageNumber:
      return fmt::format("page_number, from {}{}{}", pages.base_page, InQuery(pages.page_param),
                         InBody(pages.page_body_path));
  }
  return "";
}

std::string IncrementalText(const rest::Incremental& incremental) {
  std::string text = incremental.cursor_path + InQuery(incremental.start_param);
  if (!incremental.initial_value.empty()) {
    text += fmt::format(", from {}", incremental.initial_value);
  }
  if (!incremental.end_value.empty()) text += fmt::format(", to {}", incremental.end_value);
  if (incremental.lag.count() > 0) {
    text += fmt::format(", and {} again (numbers: {})", DurationText(incremental.lag),
                        incremental.lag.count());
  }
  return text;
}

const char* DispositionName(Disposition disposition) {
  switch (disposition) {
    case Disposition::kReplace:
      return "replace: what the list gives no more goes";
    case Disposition::kMerge:
      return "merge: rows stay, the newest of a key counts";
    case Disposition::kAppend:
      return "append: rows stay";
  }
  return "";
}

std::string OutputText(const Resource& resource) {
  const OutputSpec& output = resource.output;
  if (!resource.selected) return "none, asked for its children's sake";
  std::string text = output.format == Format::kSqlite
                         ? fmt::format("table {} in export.db", resource.table_name)
                         : resource.table_name + ExtensionOf(output);
  if (output.rows_per_file > 0) text += fmt::format(", {} rows a file", output.rows_per_file);
  if (output.bytes_per_file > 0) {
    text += fmt::format(", {} a file", ByteCountText(output.bytes_per_file));
  }
  if (!output.fields.empty()) text += fmt::format(", fields {}", fmt::join(output.fields, ", "));
  return text;
}

int ConcurrencyOf(const Job& job, const Resource& resource) {
  const auto& configured = job.stages.fetch.operations;
  const auto found = configured.find(resource.name);
  return found == configured.end() ? resource.concurrency : found->second;
}

std::string ResourceText(const Job& job, const Resource& resource) {
  std::string text = fmt::format("  {}\n", resource.name);
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("    {:<12} {}\n", name, PlainText(value));
  };
  line("asks", fmt::format("{} {}", resource.method, resource.path));
  if (!resource.parent.empty()) {
    line("parent", fmt::format("{}, once for each of its records", resource.parent));
  }
  if (!resource.partitions.values.empty()) {
    line("partitions", fmt::format("{} = {}", resource.partitions.cursor_field,
                                   fmt::join(resource.partitions.values, ", ")));
  }
  line("pages", PagesText(resource.paginator));
  line("rows at", resource.data_selector.value_or("found out from the first answer"));
  if (!resource.incremental.cursor_path.empty()) {
    line("incremental", IncrementalText(resource.incremental));
  }
  line("key", resource.primary_key.empty()
                  ? "none"
                  : fmt::format("{}", fmt::join(resource.primary_key, ", ")));
  line("disposition", DispositionName(resource.write_disposition));
  if (!resource.filters.empty()) line("filters", std::to_string(resource.filters.size()));
  line("output", OutputText(resource));
  line("at once", fmt::format("{} requests", ConcurrencyOf(job, resource)));
  return text;
}

std::string ResourcesText(const Job& job) {
  std::string text = "resources, parents before their children:\n";
  for (const Resource& resource : job.rest.spec.resources) text += ResourceText(job, resource);
  return text;
}

std::string FilesText(const std::vector<DocumentUpdate>& documents) {
  std::string text;
  for (const DocumentUpdate& document : documents) {
    if (document.extension.empty()) continue;
    text += fmt::format("  {}{}\n", PlainText(document.name), document.extension);
  }
  return text.empty() ? text : "files:\n" + text;
}

// An account's first answer says which of these are asked for: those that have changed.
std::string TraktText(const Job::Trakt& trakt) {
  const trakt::TraktOptions options = TraktOptionsOf(trakt, "");
  std::string text = "sections:\n";
  for (const trakt::Section* section : trakt::SectionsOf(options)) {
    text += fmt::format("  {:<20} GET {}\n", section->id, section->path);
  }
  text += FilesText(trakt::FilesOf(options, {}));
  if (options.Includes("lists")) text += "  letterboxd-list-NAME.csv, for each personal list\n";
  return text;
}

// Of a parameter that holds a secret the mask has become part of the address.
std::string AddressText(std::string url) {
  constexpr std::string_view kEncoded = "%2A%2A%2A";
  for (auto at = url.find(kEncoded); at != url.npos; at = url.find(kEncoded, at)) {
    url.replace(at, kEncoded.size(), "***");
  }
  return PlainText(url);
}

std::string RequestsText(const Source& source) {
  std::string text = "first requests:\n";
  for (const Request& request : FirstRequests(source)) {
    const HttpRequest http = source.ToHttp(request);
    text += fmt::format("  {} {}\n", http.method, AddressText(http.url));
    for (const HttpHeader& header : http.headers) {
      // Of each build another one, and nobody's choice.
      if (header.name == "User-Agent") continue;
      text += fmt::format("    {}: {}\n", header.name, PlainText(header.value));
    }
    if (!http.body.empty()) text += fmt::format("    {}\n", PlainText(http.body));
  }
  return text;
}

std::string RateText(const Job& job, const Source& source) {
  const SourceLimits limits = source.Limits();
  const double rate = job.limits.requests_per_second.value_or(limits.requests_per_second);
  if (rate <= 0) return "rate: learned from the API's answers\n";
  return fmt::format("rate: {:.2f} requests a second, {} at once after a pause\n", rate,
                     job.limits.burst.value_or(limits.burst));
}

}  // namespace

std::string ExplainJob(const Job& job, const Source& source) {
  std::string text;
  if (job.source == SourceKind::kRest) text += ResourcesText(job);
  if (job.source == SourceKind::kTrakt) text += TraktText(job.trakt);
  text += FilesText(FirstOpening(source).documents);
  text += RequestsText(source);
  return text + RateText(job, source);
}

}  // namespace sluice
