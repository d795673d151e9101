#include "pipeline/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "pipeline/base_url.h"
#include "pipeline/did_you_mean.h"
#include "pipeline/token_reference.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 13> kCommands{
    "run",   "notion", "trakt", "check",  "status", "failures", "verify",
    "retry", "state",  "cache", "doctor", "auth",   "version"};

// Flags that are another name of a key; LoadJob() judges their values.
constexpr const char* kClientId = "--client-id";  // only of trakt
struct KeyFlag {
  const char* flag;
  const char* key;
  const char* help;
};
constexpr std::array<KeyFlag, 7> kKeyFlags{
    {{"--out", "job.output", "Output folder"},
     {"--token", "source.token", "Where the token is: env:NAME, file:PATH or cmd:COMMAND"},
     {kClientId, "source.client_id", "Where the client id is, likewise"},
     {"--base-url", "source.base_url", "Address of the API, for proxies and tests"},
     {"--max-wait", "retry.max_wait", "End the run (exit 7) when the source says to wait longer"},
     {"--tpslimit", "limits.rate", "Requests per second, or as \"100/m\"; 0: no limit"},
     {"--tpslimit-burst", "limits.burst", "Requests that may go at once after a pause"}}};

// The line with the flags of one command; all of them write into one Command.
class CommandLine {
 public:
  CommandLine();
  Result<Command> Parse(int argc, const char* const* argv);

 private:
  void AddRun();
  void AddSource(const char* name, const char* help);
  void AddCheck();
  void AddState(const char* name, const char* help, Verb verb);
  void AddRetry();
  void AddCache();
  void AddCollections();
  void AddDoctor();
  void AddAuth();
  void AddVersion();

  CLI::App* AddCommand(const char* name, const char* help, Verb verb);
  void AddKeyFlags(CLI::App& app);
  void AddRunFlags(CLI::App& app);
  void AddBoundFlags(CLI::App& app);
  void AddSet(CLI::App& app);
  void AddLogFlags(CLI::App& app);
  Result<Command> Finish();
  Status CollectSettings();
  std::string KeyOf(const KeyFlag& flag) const;
  tl::unexpected<Error> UsageError(const std::string& message) const;

  CLI::App app_{"Exports what a paginated, rate-limited API holds, as files to keep.", "sluice"};
  Command command_;
  std::string given_command_;
  std::array<std::optional<std::string>, kKeyFlags.size()> key_values_;
  std::vector<std::string> sets_;
  int louder_ = 0;
  int quieter_ = 0;
};

// A flag whose text `parse` turns into the value, or refuses in the words of `allowed`.
template <class Target, class Parse>
CLI::Option* AddParsed(CLI::App& app, const char* flag, const char* help, const char* allowed,
                       Target& target, Parse parse) {
  const auto read = [&target, parse](const std::string& text) {
    const auto value = parse(text);
    if (value) target = *value;
    return value.has_value();
  };
  return app.add_option_function<std::string>(
      flag,
      [read, flag, allowed](const std::string& text) {
        if (!read(text)) throw CLI::ValidationError(flag, fmt::format("must be {}", allowed));
      },
      help);
}

template <class T, std::size_t size>
auto WordParser(const std::array<std::pair<std::string_view, T>, size>& words) {
  return [&words](const std::string& text) -> std::optional<T> {
    for (const auto& [word, value] : words) {
      if (word == text) return value;
    }
    return std::nullopt;
  };
}

constexpr std::array<std::pair<std::string_view, ProgressMode>, 5> kProgressWords{
    {{"auto", ProgressMode::kAuto},
     {"bar", ProgressMode::kBar},
     {"log", ProgressMode::kLog},
     {"json", ProgressMode::kJson},
     {"none", ProgressMode::kNone}}};
constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kLogFormatWords{
    {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}};

constexpr const char* kReferenceAllowed = "env:NAME, file:PATH or cmd:COMMAND";
constexpr const char* kDurationAllowed = "a duration as \"30s\", \"15m\" or \"24h\"";

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", std::string("sluice ") + SLUICE_VERSION);
  AddRun();
  AddSource("notion", "Export a Notion workspace without a job file");
  AddSource("trakt", "Export a Trakt account without a job file");
  AddCheck();
  AddState("status", "Show the progress of a running, stopped or finished export", Verb::kStatus);
  AddState("failures", "Show the items that failed, and why", Verb::kFailures);
  AddState("verify", "Prove the export complete and undamaged (exit 3 if it is not)",
           Verb::kVerify);
  AddRetry();
  AddCache();
  AddCollections();
  AddDoctor();
  AddAuth();
  AddVersion();
}

CLI::App* CommandLine::AddCommand(const char* name, const char* help, Verb verb) {
  CLI::App* app = app_.add_subcommand(name, help);
  app->callback([this, verb] { command_.verb = verb; });
  return app;
}

void CommandLine::AddRun() {
  CLI::App* app = AddCommand("run", "Run a job; what was begun is resumed", Verb::kRun);
  app->add_option("JOB", command_.job_file, "The job file (TOML)")->required();
  AddKeyFlags(*app);
  AddRunFlags(*app);
}

void CommandLine::AddSource(const char* name, const char* help) {
  CLI::App* app = AddCommand(name, help, Verb::kRun);
  AddKeyFlags(*app);
  app->get_option("--out")->required();
  if (name != std::string_view("trakt")) app->remove_option(app->get_option(kClientId));
  AddRunFlags(*app);
}

void CommandLine::AddCheck() {
  CLI::App* app = AddCommand("check", "Check a job without any request", Verb::kCheck);
  app->add_option("JOB", command_.job_file, "The job file (TOML)")->required();
  AddKeyFlags(*app);
  AddSet(*app);
  AddLogFlags(*app);
}

void CommandLine::AddState(const char* name, const char* help, Verb verb) {
  CLI::App* app = AddCommand(name, help, verb);
  app->add_option("DIR", command_.folder, "The output folder")->required();
  app->add_flag_callback(
      "--json", [this] { command_.format = ReportFormat::kJson; }, "As JSON");
  AddLogFlags(*app);
}

void CommandLine::AddRetry() {
  CLI::App* app = AddCommand("retry", "Run only the items that failed again", Verb::kRetry);
  app->add_option("DIR", command_.folder, "The output folder")->required();
  app->add_option("--job", command_.job_file, "The job file of the run, where it had one");
  AddKeyFlags(*app);
  app->remove_option(app->get_option("--out"));
  AddRunFlags(*app);
  app->remove_option(app->get_option("--fresh"));
  app->remove_option(app->get_option("--offline"));
}

void CommandLine::AddCache() {
  CLI::App* cache = app_.add_subcommand("cache", "Look at or shrink the stored responses");
  cache->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Verb verb) {
    CLI::App* app = cache->add_subcommand(name, help);
    app->callback([this, verb] { command_.verb = verb; });
    app->add_option("DIR", command_.folder, "The output folder")->required();
    AddLogFlags(*app);
    return app;
  };
  add("stats", "Size, entries and hit ratio", Verb::kCacheStats)
      ->add_flag_callback(
          "--json", [this] { command_.format = ReportFormat::kJson; }, "As JSON");
  CLI::App* trim = add("trim", "Drop the oldest responses until the limits hold", Verb::kCacheTrim);
  AddParsed(*trim, "--max-bytes", "Keep at most so many bytes, as \"100MB\"", "a size as \"100MB\"",
            command_.cache_limits.bytes_max, ParseByteCount);
  AddParsed(*trim, "--max-age", "Drop what is older; what unfinished documents need stays",
            kDurationAllowed, command_.cache_limits.age_max, ParseDuration);
  add("clear", "Drop every stored response", Verb::kCacheClear);
}

void CommandLine::AddCollections() {
  CLI::App* app = AddCommand("state", "List what the collections of an export hold", Verb::kState);
  app->add_option("DIR", command_.folder, "The output folder")->required();
  app->add_flag_callback(
      "--json", [this] { command_.format = ReportFormat::kJson; }, "As JSON");
  app->add_option("--reset", command_.reset,
                  "Forget the rows of this one; the next run asks for all of it");
  AddLogFlags(*app);
}

void CommandLine::AddDoctor() {
  CLI::App* app = AddCommand("doctor", "Check whether an export can run here", Verb::kDoctor);
  app->add_option("JOB", command_.job_file, "A job file, or the output folder of an export");
  AddKeyFlags(*app);
  app->add_flag("--offline", command_.run.offline, "Send no request");
  app->add_flag_callback(
      "--json", [this] { command_.format = ReportFormat::kJson; }, "As JSON");
  AddSet(*app);
  AddLogFlags(*app);
}

void CommandLine::AddAuth() {
  CLI::App* auth = app_.add_subcommand("auth", "Grant sluice access to an account");
  auth->require_subcommand(1);
  CLI::App* app = auth->add_subcommand("trakt", "Enter a code at Trakt; the tokens are stored");
  app->callback([this] { command_.verb = Verb::kAuthTrakt; });
  AddParsed(*app, kClientId, "Where the client id is: env:NAME, file:PATH or cmd:COMMAND",
            kReferenceAllowed, command_.auth.client_id, AcceptTokenReference);
  AddParsed(*app, "--client-secret", "Where the client secret is, likewise", kReferenceAllowed,
            command_.auth.client_secret, AcceptTokenReference);
  AddParsed(*app, "--auth-url", "Address of Trakt's authorisation server, for proxies and tests",
            "an address as \"https://auth.trakt.tv\"", command_.auth.auth_url, AcceptBaseUrl);
  app->add_option("--token-file", command_.auth.token_file, "File that keeps the tokens");
  app->add_flag("--revoke", command_.auth.revoke, "End the stored authorisation instead");
  AddLogFlags(*app);
}

void CommandLine::AddVersion() { AddCommand("version", "Print the version", Verb::kVersion); }

void CommandLine::AddKeyFlags(CLI::App& app) {
  for (std::size_t i = 0; i < kKeyFlags.size(); ++i) {
    app.add_option(kKeyFlags[i].flag, key_values_[i], kKeyFlags[i].help);
  }
}

void CommandLine::AddRunFlags(CLI::App& app) {
  app.add_flag("--fresh", command_.run.fresh, "Forget the state and begin anew");
  app.add_flag("--full", command_.run.full, "Fetch everything again, changed or not");
  app.add_flag("--offline", command_.run.offline,
               "Send no request: render everything again from what is stored");
  AddSet(app);
  AddParsed(app, "--progress", "auto, bar, log, json or none", "auto, bar, log, json or none",
            command_.run.progress, WordParser(kProgressWords));
  app.add_option("--report", command_.run.report, "File that gets the summary as JSON");
  AddBoundFlags(app);
  AddLogFlags(app);
}

void CommandLine::AddBoundFlags(CLI::App& app) {
  AddParsed(app, "--max-duration", "Stop after this time; the same command resumes",
            kDurationAllowed, command_.run.duration_max, ParseDuration);
  AddParsed(app, "--max-requests", "Stop after so many requests; the same command resumes",
            "a whole number", command_.run.requests_max, ParseCount);
  AddParsed(app, "--max-delete", "Delete no more than so many files, or N%, that are gone",
            "a whole number, or a share from 0% to 100%", command_.run.delete_max,
            ParseDeleteLimit);
  AddParsed(app, "--wait-lock", "Wait this long for another run in the folder to end",
            kDurationAllowed, command_.run.lock_wait, ParseDuration);
}

void CommandLine::AddSet(CLI::App& app) {
  // One value per flag: by default a vector option would swallow the arguments behind it.
  app.add_option("--set", sets_, "key=value: set a key of the job, as limits.rate=1/s (repeatable)")
      ->allow_extra_args(false);
}

void CommandLine::AddLogFlags(CLI::App& app) {
  AddParsed(app, "--log-format", "text or json", "text or json", command_.log.format,
            WordParser(kLogFormatWords));
  app.add_flag("-v,--verbose", louder_, "Log more");
  app.add_flag("-q,--quiet", quieter_, "Log warnings and errors only; twice: errors only");
}

// The flag that a message of CLI11 names, without what follows it.
std::string_view FlagIn(std::string_view message) {
  const std::string_view flag = message.substr(std::min(message.find("--"), message.size()));
  return flag.empty() ? "a flag" : flag.substr(0, flag.find_first_of(" ="));
}

Result<Command> CommandLine::Parse(int argc, const char* const* argv) {
  given_command_ = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
  const std::vector<std::string_view> known(kCommands.begin(), kCommands.end());
  if (!given_command_.empty() &&
      std::find(known.begin(), known.end(), given_command_) == known.end()) {
    const std::string wrong = std::exchange(given_command_, "");
    return UsageError(
        fmt::format("unknown command '{}'{}", PlainText(wrong), DidYouMean(wrong, known)));
  }
  try {
    app_.parse(argc, argv);
    return Finish();
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app_.get_subcommands();
    // "cache stats --help" is asked of the innermost.
    const auto inner = chosen.empty() ? chosen : chosen[0]->get_subcommands();
    const std::string help = chosen.empty()  ? app_.help()
                             : inner.empty() ? chosen[0]->help("sluice")
                                             : inner[0]->help("sluice " + chosen[0]->get_name());
    return Command{.verb = Verb::kHelp, .text = help};
  } catch (const CLI::CallForVersion&) {
    return Command{.verb = Verb::kVersion, .text = fmt::format("sluice {}\n", SLUICE_VERSION)};
  } catch (const CLI::ExtrasError&) {
    for (const std::string& extra : app_.remaining(true)) {
      if (!extra.starts_with("-")) continue;
      return UsageError(
          fmt::format("unknown flag {}", PlainText(extra.substr(0, extra.find('=')))));
    }
    return UsageError("more arguments than it takes");
  } catch (const CLI::ConversionError& error) {
    // "Could not convert: --fresh = VALUE": the only message that repeats a value.
    const std::string_view text = error.what();
    return UsageError(fmt::format("{}: takes no value", FlagIn(text)));
  } catch (const CLI::ParseError& error) {
    return UsageError(given_command_.empty() ? "no command given" : error.what());
  }
}

Result<Command> CommandLine::Finish() {
  const CacheLimits& limits = command_.cache_limits;
  if (command_.verb == Verb::kCacheTrim && limits.bytes_max == 0 && limits.age_max.count() == 0) {
    return UsageError("cache trim needs --max-bytes or --max-age, above zero");
  }
  if (command_.run.offline && (command_.run.fresh || command_.run.full)) {
    return UsageError("--offline renders what is stored: it cannot go with --fresh or --full");
  }
  if (const Status status = CollectSettings(); !status) return Fail(status.error());
  const int level = static_cast<int>(LogLevel::kInfo) - louder_ + quieter_;
  command_.log.level = static_cast<LogLevel>(
      std::clamp(level, static_cast<int>(LogLevel::kDebug), static_cast<int>(LogLevel::kError)));
  if (command_.verb == Verb::kVersion) command_.text = fmt::format("sluice {}\n", SLUICE_VERSION);
  return std::move(command_);
}

// `--set` first: a flag of its own name is the more deliberate of the two.
Status CommandLine::CollectSettings() {
  for (const std::string& set : sets_) {
    const auto equals = set.find('=');
    if (equals == set.npos || equals == 0) return UsageError("--set: must be key=value");
    command_.settings.push_back({set.substr(0, equals), set.substr(equals + 1), "--set"});
  }
  if (given_command_ == "trakt") command_.settings.push_back({"job.source", "trakt", "trakt"});
  if (command_.verb == Verb::kRetry) {
    command_.settings.push_back({"job.output", command_.folder.string(), "DIR"});
  }
  for (std::size_t i = 0; i < kKeyFlags.size(); ++i) {
    if (!key_values_[i]) continue;
    command_.settings.push_back({KeyOf(kKeyFlags[i]), *key_values_[i], kKeyFlags[i].flag});
  }
  return {};
}

// A command that is named after its source says so; of the others the job does.
std::string CommandLine::KeyOf(const KeyFlag& flag) const {
  const std::string_view key = flag.key;
  const bool named = given_command_ == "notion" || given_command_ == "trakt";
  if (!named || !key.starts_with(kSourceSection)) return std::string(key);
  return given_command_ + std::string(key.substr(kSourceSection.size()));
}

tl::unexpected<Error> CommandLine::UsageError(const std::string& message) const {
  const std::string help =
      given_command_.empty() ? "sluice --help" : "sluice " + given_command_ + " --help";
  return Fail(Code::kUsage, fmt::format("{}\nTry '{}'.", message, help));
}

}  // namespace

Result<Command> ParseCommandLine(int argc, const char* const* argv) {
  return CommandLine().Parse(argc, argv);
}

}  // namespace sluice
