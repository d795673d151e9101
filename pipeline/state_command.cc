#include "pipeline/state_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/did_you_mean.h"
#include "pipeline/log.h"
#include "pipeline/run.h"
#include "storage/run_lock.h"
#include "storage/store.h"

namespace sluice {

std::string CollectionsText(const StateReport& report) {
  if (report.collections.empty()) return "no collections: this export keeps no rows\n";
  std::size_t width = 10;
  for (const auto& entry : report.collections) width = std::max(width, entry.name.size());
  std::string text = fmt::format("{:<{}}  {:>10}  {:<11}  {:<8}  {}\n", "collection", width, "rows",
                                 "disposition", "state", "cursor");
  for (const auto& entry : report.collections) {
    std::string line =
        fmt::format("{:<{}}  {:>10}  {:<11}  {:<8}  {}", PlainText(entry.name), width, entry.rows,
                    entry.disposition, entry.state, PlainText(entry.cursor));
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string CollectionsJson(const StateReport& report) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& entry : report.collections) {
    list.push_back({{"collection", entry.name},
                    {"rows", entry.rows},
                    {"disposition", entry.disposition},
                    {"state", entry.state},
                    {"cursor", entry.cursor}});
  }
  const nlohmann::ordered_json json = {{"collections", std::move(list)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Status ResetCollection(const std::filesystem::path& folder, const std::string& collection,
                       const Clock& clock) {
  const std::filesystem::path file = StateFile(folder);
  // Nothing is created where there is no export.
  const auto report = ReadStateReport(file, 0);
  if (!report) return Fail(report.error());
  auto lock = RunLock::Acquire(folder / ".sluice", clock, std::chrono::milliseconds(0));
  if (!lock) return Fail(lock.error());
  auto store = Store::Open(file, {}, clock, [](const OutputRow&) { return true; });
  if (!store) return Fail(store.error());
  const Status reset = (*store)->ResetCollection(DocumentId(collection));
  if (reset || reset.error().code != Code::kNotFound) return reset;
  std::vector<std::string_view> names;
  for (const auto& entry : report->collections) names.push_back(entry.name);
  return Fail(Code::kUsage, fmt::format("{}: there is no such collection{}; `sluice state` lists "
                                        "those that are",
                                        PlainText(collection), DidYouMean(collection, names)));
}

}  // namespace sluice
