// What a person, a log or a script sees while a run goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "storage/base/clock.h"

namespace sluice {

struct ProgressSnapshot {
  std::int64_t requests_done = 0;
  std::int64_t requests_open = 0;  // discovered, not done
  std::int64_t documents_done = 0;
  std::int64_t documents_total = 0;  // discovered so far; grows until the listing is complete
  std::int64_t failed = 0;
  double requests_per_second = 0;
  std::string waiting_for;              // "rate limit of api.notion.com"; empty: nothing
  std::optional<WallMs> waiting_until;  // of waiting_for
};

enum class ProgressMode { kAuto, kBar, kLog, kJson, kNone };

// kAuto is a bar on a terminal and log lines elsewhere; the others stand.
enum class Output { kTerminal, kOther };
ProgressMode ResolveProgressMode(ProgressMode mode, Output output);

// Guesses the time left, and says nothing as long as it cannot know.
//
// Not thread-safe.
class Eta {
 public:
  // nullopt: the total has not stood still for 5 s, or nothing was done in that time.
  std::optional<std::chrono::seconds> Update(SteadyTime now, const ProgressSnapshot& snapshot);

 private:
  std::int64_t total_ = -1;
  std::int64_t done_at_start_ = 0;  // when the total last changed
  SteadyTime start_{};
};

// One line each, without a line end. `columns`: of the terminal; the bar is never wider than that.
std::string ProgressBar(const ProgressSnapshot& snapshot, std::optional<std::chrono::seconds> eta,
                        int columns);
std::string ProgressText(const ProgressSnapshot& snapshot, std::optional<std::chrono::seconds> eta);
std::string ProgressJson(const ProgressSnapshot& snapshot, std::optional<std::chrono::seconds> eta);

// "45s", "3m20s", "2h05m".
std::string TimeLeftText(std::chrono::seconds left);

// Writes snapshots to `out`, no more often than is of use: a bar every 100 ms, a line every 10 s.
//
// Not thread-safe: belongs to the main thread. Borrows all three; `out` is stderr but in tests.
class ProgressPrinter {
 public:
  struct Options {
    ProgressMode mode = ProgressMode::kNone;  // resolved, so never kAuto
    int columns = 80;
  };
  ProgressPrinter(Options options, const Clock& clock, std::ostream& out);

  void Show(const ProgressSnapshot& snapshot);
  // The last state, whenever the one before was shown; ends the bar's line.
  void Finish(const ProgressSnapshot& snapshot);
  // Wipes the bar, so that something else can be written; the next Show() draws it again.
  void Clear();

 private:
  void Print(const ProgressSnapshot& snapshot, SteadyTime now);

  const Options options_;
  const Clock& clock_;
  std::ostream& out_;
  Eta eta_;
  std::optional<SteadyTime> shown_at_;
};

// Columns of the terminal that stderr is, 80 where that is unknown.
int TerminalColumns();

}  // namespace sluice
