#include "pipeline/progress.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "pipeline/log.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

constexpr seconds kEtaStable = 5s;
constexpr Duration kBarInterval = 100ms;
constexpr Duration kLineInterval = 10s;
constexpr std::string_view kClearLine = "\r\x1b[K";

// Cut behind `columns` characters, never within one. Counts code points: wide letters do not occur
// but in waiting_for, which is a host's name.
std::string CutTo(std::string text, int columns) {
  int count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts_character && ++count > columns) {
      text.resize(i);
      return text;
    }
  }
  return text;
}

std::string Waiting(const ProgressSnapshot& snapshot) {
  if (snapshot.waiting_for.empty()) return "";
  std::string text = ", waiting for " + PlainText(snapshot.waiting_for);
  if (snapshot.waiting_until) {
    const std::time_t until = *snapshot.waiting_until / 1000;
    text += fmt::format(" until {:%H:%M:%S}Z", fmt::gmtime(until));
  }
  return text;
}

std::string Gauge(const ProgressSnapshot& snapshot) {
  constexpr int kCells = 20;
  const auto total = std::max<std::int64_t>(snapshot.documents_total, 1);
  const auto done = std::clamp<std::int64_t>(snapshot.documents_done, 0, total);
  // In doubles: a count times 20 must not overflow, and a cell more or less does not matter.
  const int full =
      static_cast<int>(static_cast<double>(done) / static_cast<double>(total) * kCells);
  return fmt::format("[{}{}]", std::string(full, '#'), std::string(kCells - full, '.'));
}

Duration Interval(ProgressMode mode) {
  return mode == ProgressMode::kBar ? kBarInterval : kLineInterval;
}

}  // namespace

ProgressMode ResolveProgressMode(ProgressMode mode, Output output) {
  if (mode != ProgressMode::kAuto) return mode;
  return output == Output::kTerminal ? ProgressMode::kBar : ProgressMode::kLog;
}

std::optional<seconds> Eta::Update(SteadyTime now, const ProgressSnapshot& snapshot) {
  if (snapshot.documents_total != total_) {
    total_ = snapshot.documents_total;
    done_at_start_ = snapshot.documents_done;
    start_ = now;
  }
  const auto elapsed = now - start_;
  const auto done = snapshot.documents_done - done_at_start_;
  const auto left = total_ - snapshot.documents_done;
  if (elapsed < kEtaStable || done <= 0 || left <= 0) return std::nullopt;
  const double elapsed_s = std::chrono::duration<double>(elapsed).count();
  const double left_s = elapsed_s * static_cast<double>(left) / static_cast<double>(done);
  return seconds(std::llround(left_s));
}

std::string TimeLeftText(seconds left) {
  const auto s = left.count();
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
}

std::string ProgressText(const ProgressSnapshot& snapshot, std::optional<seconds> eta) {
  return fmt::format(
      "{} of {} documents, {} requests done, {} open, {} failed, {:.1f} requests/s{}{}",
      snapshot.documents_done, snapshot.documents_total, snapshot.requests_done,
      snapshot.requests_open, snapshot.failed, snapshot.requests_per_second,
      eta ? ", " + TimeLeftText(*eta) + " left" : "", Waiting(snapshot));
}

// What matters most comes first: a narrow terminal cuts the end.
std::string ProgressBar(const ProgressSnapshot& snapshot, std::optional<seconds> eta, int columns) {
  const std::string failed =
      snapshot.failed == 0 ? "" : fmt::format(", {} failed", snapshot.failed);
  return CutTo(fmt::format("{} {}/{} documents{}{}{}, {:.1f} requests/s, {} open", Gauge(snapshot),
                           snapshot.documents_done, snapshot.documents_total,
                           eta ? ", " + TimeLeftText(*eta) + " left" : "", failed,
                           Waiting(snapshot), snapshot.requests_per_second, snapshot.requests_open),
               columns);
}

std::string ProgressJson(const ProgressSnapshot& snapshot, std::optional<seconds> eta) {
  nlohmann::ordered_json line = {{"requests_done", snapshot.requests_done},
                                 {"requests_open", snapshot.requests_open},
                                 {"documents_done", snapshot.documents_done},
                                 {"documents_total", snapshot.documents_total},
                                 {"failed", snapshot.failed},
                                 {"requests_per_second", snapshot.requests_per_second}};
  if (!snapshot.waiting_for.empty()) line["waiting_for"] = snapshot.waiting_for;
  if (snapshot.waiting_until) line["waiting_until_ms"] = *snapshot.waiting_until;
  if (eta) line["seconds_left"] = eta->count();
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ProgressPrinter::ProgressPrinter(Options options, const Clock& clock, std::ostream& out)
    : options_(options), clock_(clock), out_(out) {}

void ProgressPrinter::Show(const ProgressSnapshot& snapshot) {
  const SteadyTime now = clock_.Now();
  if (shown_at_ && now - *shown_at_ < Interval(options_.mode)) return;
  Print(snapshot, now);
}

void ProgressPrinter::Finish(const ProgressSnapshot& snapshot) {
  Print(snapshot, clock_.Now());
  if (options_.mode == ProgressMode::kBar) out_ << '\n' << std::flush;
}

void ProgressPrinter::Clear() {
  if (options_.mode != ProgressMode::kBar || !shown_at_) return;
  out_ << kClearLine << std::flush;
  shown_at_.reset();
}

void ProgressPrinter::Print(const ProgressSnapshot& snapshot, SteadyTime now) {
  shown_at_ = now;
  const auto eta = eta_.Update(now, snapshot);
  switch (options_.mode) {
    case ProgressMode::kBar:
      // One column stays free: some terminals wrap when the last one is written.
      out_ << kClearLine << ProgressBar(snapshot, eta, options_.columns - 1) << std::flush;
      break;
    case ProgressMode::kLog:
      out_ << ProgressText(snapshot, eta) << std::endl;
      break;
    case ProgressMode::kJson:
      out_ << ProgressJson(snapshot, eta) << std::endl;
      break;
    case ProgressMode::kAuto:
    case ProgressMode::kNone:
      break;
  }
}

int TerminalColumns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace sluice
