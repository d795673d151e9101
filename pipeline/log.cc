#include "pipeline/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "stages/http/secrets.h"

namespace sluice {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return LogLevel::kDebug;
  if (level == spdlog::level::info) return LogLevel::kInfo;
  return level == spdlog::level::warn ? LogLevel::kWarning : LogLevel::kError;
}

// spdlog brings sinks, levels and locking; how a line looks is LogLine()'s business alone.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogOptions options) : options_(options) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    const std::string line = LogLine(
        options_, FromSpdlog(message.level), {message.payload.data(), message.payload.size()},
        duration_cast<milliseconds>(message.time.time_since_epoch()).count());
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(options_);
  }

 private:
  LogOptions options_;
};

std::string TimeText(long long now_ms) {
  const std::time_t seconds = now_ms / 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), now_ms % 1000);
}

std::shared_ptr<spdlog::logger> MakeLogger(const LogOptions& options) {
  auto logger =
      std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<LineFormatter>(options));
  logger->set_level(ToSpdlog(options.level));
  logger->flush_on(spdlog::level::debug);
  return logger;
}

// The process has one stderr, so it has one log.
std::shared_ptr<spdlog::logger>& Logger() {
  static std::shared_ptr<spdlog::logger> logger = MakeLogger({});
  return logger;
}

}  // namespace

void StartLog(const LogOptions& options) { Logger() = MakeLogger(options); }

void Log(LogLevel level, std::string_view message) {
  const std::string clean = KnownSecrets().Redact(std::string(message));
  Logger()->log(ToSpdlog(level), spdlog::string_view_t(clean.data(), clean.size()));
}

std::string LogLine(const LogOptions& options, LogLevel level, std::string_view message,
                    long long now_ms) {
  const std::string text = PlainText(message);
  if (options.format == LogFormat::kText) {
    return fmt::format("{} {:<7} {}\n", TimeText(now_ms), LevelName(level), text);
  }
  const nlohmann::ordered_json line = {
      {"time", TimeText(now_ms)}, {"level", LevelName(level)}, {"message", text}};
  // An API's words need not be UTF-8; a line with U+FFFD is better than none.
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string PlainText(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    const bool c1 = c == 0xc2 && next >= 0x80 && next <= 0x9f;  // 0x9b is a terminal's CSI
    if (c1) ++i;
    plain += c1 || c < 0x20 || c == 0x7f ? '?' : text[i];
  }
  return plain;
}

}  // namespace sluice
