// The fetch stage: a request goes to the wire when the limit of its operation, the circuit breaker
// and the rate limiter let it, in that order, and what comes back is sorted into what to do next.
// README.md has the table of answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "stages/http/circuit_breaker.h"
#include "stages/http/concurrency_limit.h"
#include "stages/http/credential.h"
#include "stages/http/rate_limit.h"
#include "stages/http/retry.h"
#include "stages/http/transport.h"
#include "stages/sources/source.h"
#include "storage/records.h"

namespace sluice {

class FetchLoop;

// A longer wait is handed back, so that a waiting item does not hold its credit.
inline constexpr Duration kWaitHereMax = std::chrono::seconds(5);

// A whole answer of status 2xx.
struct Answer {
  int status = 200;
  std::vector<HttpHeader> headers;
  Body body;
  std::chrono::microseconds elapsed{0};
};
// 304: what was asked about has not changed. Only where validators were given.
struct NotModified {};
// The server said no for good; the source may know what takes its place (Source::ReadRefusal).
struct Refusal {
  int status = 0;
  std::vector<HttpHeader> headers;
  Body body;
  Verdict verdict;
};
// To be started again after `delay`, as attempt + 1 where the attempt `counts`, else unchanged.
struct Again {
  Failure failure;
  Duration delay{0};
  bool counts = true;
};
// The item failed: attempts are exhausted, or another one cannot help.
struct GaveUp {
  Failure failure;
};
// The run is stopping; the item is as it was.
struct Stopped {};
// The run cannot go on; the item is as it was. kUnauthorized, kNetwork (the server cannot be
// reached, or its certificate is wrong), kRateLimited (refused for longer than max_wait), kLocked
// (another process does not end its renewal of our token), kDisk (also from transform).
struct Fatal {
  Error error;
  std::optional<WallMs> resume_at_ms;
};
// The end of a run that was asked to wait `wait` more, where it may wait `max_wait`.
Fatal WaitTooLong(Duration wait, Duration max_wait, WallMs now_ms);

using FetchResult = std::variant<Answer, NotModified, Refusal, Again, GaveUp, Stopped, Fatal>;

// What lets a server answer 304 instead of sending again what we hold (RFC 9110, section 13.1).
struct Validators {
  std::string etag;           // sent as If-None-Match; empty: not sent
  std::string last_modified;  // sent as If-Modified-Since; empty: not sent

  bool empty() const { return etag.empty() && last_modified.empty(); }
};

enum class Wire {
  kOnline,
  kOffline,  // every request gives up at once: nothing is ever sent
};

struct FetchOptions {
  Wire wire = Wire::kOnline;
  std::vector<SourceLimits::Operation> operations;  // one not named here gets in_flight_default
  int in_flight_default = 5;
  Autotune autotune = Autotune::kOn;
  RateOptions rate;
  RetryOptions retry;
  BreakerOptions breaker;
  Duration max_wait = std::chrono::minutes(15);  // of refusals without one acceptance between
  std::size_t body_bytes_max = 64u << 20;
  std::optional<std::int64_t> requests_max;  // so many are sent; then as if Stop() were called
  // What the source's requests carry, renewed here when it must be; borrowed. nullptr: a 401 from
  // the API ends the run.
  Credential* credential = nullptr;
};

struct FetchStats {
  struct Operation {
    std::string name;
    int limit = 0;
    int limit_max = 0;
    int in_flight = 0;
    int waiting = 0;
  };
  struct ErrorEntry {
    WallMs at_ms = 0;
    std::string item;  // RequestText
    std::string operation;
    int status = 0;  // 0: no answer
    Code code = Code::kTransient;
    int attempt = 0;
    std::string message;
  };
  std::vector<Operation> operations;
  double requests_per_second = 0;  // the pace in force; 0: none
  WallMs wait_until_ms = 0;        // 0: no wait is due
  std::int64_t sent = 0;
  std::int64_t retried = 0;        // sent again, whatever the reason
  std::int64_t rate_limited = 0;   // answers that refused for the rate: 429, 529
  std::vector<ErrorEntry> errors;  // the last 100, oldest first
};

using FetchState = RateState;

// Thread-safe: Start(), Stop(), Snapshot(), ExportState(). `done` runs on the transport's loop
// thread, exactly once per Start(), never inside it.
// Borrows source, transport and clock, which must outlive it; the transport must be stopped and
// its loop have ended (or have nothing of ours left) before a Fetch is destroyed.
class Fetch {
 public:
  Fetch(const Source& source, Transport& transport, const Clock& clock, FetchOptions options,
        std::uint64_t seed);
  ~Fetch();

  // `attempt` is 1-based. Requests are sent in the order of the calls, within their operation.
  void Start(const Request& request, int attempt, std::function<void(FetchResult)> done);
  void Start(const Request& request, int attempt, Validators validators,
             std::function<void(FetchResult)> done);
  // What waits is answered with Stopped, as is every later Start(); what is on the wire comes home.
  void Stop();

  FetchStats Snapshot() const;
  // Before the first Start().
  void ImportState(const FetchState& state);
  FetchState ExportState() const;

 private:
  const std::shared_ptr<FetchLoop> loop_;
};

}  // namespace sluice
