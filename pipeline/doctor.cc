#include "pipeline/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pipeline/log.h"

namespace sluice {
namespace {

using Level = Finding::Level;

constexpr std::array kWorstFirst = {Code::kDamaged,      Code::kDisk,    Code::kUsage,
                                    Code::kUnauthorized, Code::kNetwork, Code::kLocked,
                                    Code::kRateLimited};

const char* LevelName(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarn:
      return "warn";
    case Level::kFail:
      return "fail";
  }
  return "fail";
}

std::size_t Count(const Findings& findings, Level level) {
  return static_cast<std::size_t>(
      std::ranges::count(findings, level, [](const Finding& finding) { return finding.level; }));
}

}  // namespace

Findings JobProblems(const Error& refused) {
  Findings findings;
  std::istringstream lines(refused.message);
  for (std::string line; std::getline(lines, line);) {
    findings.push_back(
        {.level = Level::kFail, .check = "job", .what = std::move(line), .code = refused.code});
  }
  // Of several lines the first only counts the others.
  if (findings.size() > 1) findings.erase(findings.begin());
  return findings;
}

ExitCode WorstExitCode(const Findings& findings) {
  const auto failed = [&](std::optional<Code> code) {
    return std::ranges::any_of(findings, [&](const Finding& finding) {
      return finding.level == Level::kFail && (!code || finding.code == *code);
    });
  };
  for (const Code code : kWorstFirst) {
    if (failed(code)) return ExitCodeFor(code);
  }
  return failed(std::nullopt) ? ExitCode::kIncomplete : ExitCode::kComplete;
}

std::string DoctorText(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    std::string line =
        fmt::format("{:<5} {:<16} {}", LevelName(finding.level), finding.check, finding.what);
    if (!finding.next.empty()) line += "; " + finding.next;
    text += PlainText(line) + "\n";
  }
  return text + fmt::format("{} checks: {} ok, {} to be known, {} failed\n", findings.size(),
                            Count(findings, Level::kOk), Count(findings, Level::kWarn),
                            Count(findings, Level::kFail));
}

std::string DoctorJson(const Findings& findings) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json check = {{"check", finding.check},
                                    {"level", LevelName(finding.level)},
                                    {"what", finding.what},
                                    {"next", finding.next}};
    if (finding.level == Level::kFail) check["class"] = CodeName(finding.code);
    checks.push_back(std::move(check));
  }
  const nlohmann::ordered_json json = {{"ok", Count(findings, Level::kFail) == 0},
                                       {"exit_code", ToInt(WorstExitCode(findings))},
                                       {"checks", std::move(checks)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sluice
