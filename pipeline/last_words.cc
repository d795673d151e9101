#include "pipeline/last_words.h"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "pipeline/exit_code.h"

namespace sluice {
namespace {

// What the C++ library and oneTBB throw where no thread can be started both hold these words.
constexpr std::string_view kNoThread = "Resource temporarily unavailable";

const char* AdviceOn(std::string_view what) {
  return what.find(kNoThread) == what.npos
             ? ""
             : " (no thread can be started: raise the limit of processes, `ulimit -u`)";
}

[[noreturn]] void SayAndEnd() noexcept {
  const char* what = "no exception";
  std::exception_ptr uncaught = std::current_exception();
  try {
    if (uncaught) std::rethrow_exception(uncaught);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "an exception of no known kind";
  }
  // stderr may have no memory left for a buffer of its own, so the line is made here.
  char line[1024];
  const int length =
      std::snprintf(line, sizeof line,
                    "sluice: internal error: %.500s%s; the same command goes on exactly there\n",
                    what, AdviceOn(what));
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, line, length > 0 ? static_cast<std::size_t>(length) : 0);
  ::_exit(ToInt(ExitCode::kInternal));
}

}  // namespace

void SayWhatIsUncaught() noexcept { std::set_terminate(&SayAndEnd); }

}  // namespace sluice
