#include "storage/base/out_of_memory.h"

#include <unistd.h>

#include <new>
#include <string_view>

namespace sluice {

void OutOfMemory() noexcept {
  constexpr std::string_view kText =
      "sluice: error: out of memory; a smaller limits.in_flight takes less, and the same command "
      "goes on exactly there\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(1);
}

void EndWhenOutOfMemory() noexcept { std::set_new_handler(&OutOfMemory); }

}  // namespace sluice
