// To be preloaded: an allocator that fails. FAILING_MALLOC="1000" lets the thousandth allocation of
// the process fail, "1000+" all from there on. FAILING_MALLOC_COUNT=FILE writes how many there were
// to FILE when the process ends in order.
//
// Only malloc, calloc and realloc count; operator new, SQLite and libcurl come down to these.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
}

namespace {

std::atomic<long> allocations{0};

struct Plan {
  long fails_at = 0;  // 0: never
  bool for_ever = false;
};

// Read at the first allocation, which comes before any constructor.
Plan ReadPlan() {
  Plan plan;
  const char* text = getenv("FAILING_MALLOC");
  if (text == nullptr) return plan;
  char* end = nullptr;
  plan.fails_at = strtol(text, &end, 10);
  plan.for_ever = *end == '+';
  return plan;
}

bool Fails() {
  static constinit std::atomic<bool> planned{false};
  static constinit Plan plan;
  if (!planned.load(std::memory_order_acquire)) {
    plan = ReadPlan();  // there is one thread yet
    planned.store(true, std::memory_order_release);
  }
  const long number = allocations.fetch_add(1, std::memory_order_relaxed) + 1;
  if (plan.fails_at == 0 || number < plan.fails_at) return false;
  if (number > plan.fails_at && !plan.for_ever) return false;
  errno = ENOMEM;
  return true;
}

__attribute__((destructor)) void WriteCount() {
  const char* file = getenv("FAILING_MALLOC_COUNT");
  if (file == nullptr) return;
  char text[32];
  const int length = snprintf(text, sizeof text, "%ld\n", allocations.load());
  const int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, text, static_cast<std::size_t>(length)) != length) return;
  close(fd);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return Fails() ? nullptr : __libc_malloc(size); }

void* calloc(std::size_t count, std::size_t size) {
  return Fails() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) {
  return size > 0 && Fails() ? nullptr : __libc_realloc(block, size);
}

}  // extern "C"
