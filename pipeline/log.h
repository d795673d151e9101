// The log: lines on stderr, as text or as JSON, one per event.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;  // the least that is written
};

// Call once, before other threads start. Without it, text from kInfo up.
void StartLog(const LogOptions& options);

// Writes one line. Thread-safe. `message` holds no credential (one that it holds all the same does
// not get through, see KnownSecrets()). Control characters in it (an API's words may hold anything)
// become '?', so that a line stays a line and a terminal stays sane.
void Log(LogLevel level, std::string_view message);

// One line of the log, as written. `now_ms`: wall clock, UTC.
std::string LogLine(const LogOptions& options, LogLevel level, std::string_view message,
                    long long now_ms);

// `text` with '?' for each control character: C0, DEL, and C1 in its UTF-8 form.
std::string PlainText(std::string_view text);

}  // namespace sluice
