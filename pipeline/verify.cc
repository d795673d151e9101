#include "pipeline/verify.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "pipeline/log.h"
#include "storage/base/bytes.h"

namespace sluice {

std::string VerifyText(const std::filesystem::path& output, const Verification& verification) {
  std::string text;
  for (const std::string& problem : verification.problems) text += PlainText(problem) + "\n";
  const auto shown = static_cast<std::int64_t>(verification.problems.size());
  if (verification.problems_total > shown) {
    text += fmt::format("and {} more\n", verification.problems_total - shown);
  }
  text += verification.ok()
              ? fmt::format("complete and undamaged: {} files, {}, in {}", verification.outputs,
                            FormatBytes(verification.bytes), output.string())
              : fmt::format("not proved: {} problems with the {} files in {}",
                            verification.problems_total, verification.outputs, output.string());
  if (verification.other_files > 0) {
    text += fmt::format("; {} other files lie there", verification.other_files);
  }
  return text + "\n";
}

std::string VerifyJson(const std::filesystem::path& output, const Verification& verification) {
  const nlohmann::ordered_json json = {{"output", output.string()},
                                       {"ok", verification.ok()},
                                       {"outputs", verification.outputs},
                                       {"bytes", verification.bytes},
                                       {"other_files", verification.other_files},
                                       {"problems_total", verification.problems_total},
                                       {"problems", verification.problems}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sluice
