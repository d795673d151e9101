// What goes wrong, on purpose and reproducibly: whether a fault strikes depends on the seed, the
// request's text and how often that request was asked, never on time or on other requests
// (401-after counts all requests).
//
// Thread-safe. Memory: about 50 bytes per distinct request, and only when some fault has a
// probability below 1.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/sim/api.h"

namespace sluice::sim {

enum class FaultKind {
  k429,
  k429NoHeader,
  k500,
  k502Html,
  k503,
  k529,
  kReset,
  kTruncate,
  kSlow,
  kBadJson,
  kGzipBomb,
  kCursorLoop,
  kClamp,
  kShortPage,
  kDeepJson,
  k401After
};

struct Fault {
  FaultKind kind{};
  double probability = 1.0;
  std::uint64_t after = 0;  // of 401-after: so many requests pass first
};

// "429", "reset:0.1", "401-after:20". Nothing when `text` is no fault.
std::optional<Fault> ParseFault(std::string_view text);
// All the names, for messages.
std::string FaultNames();

class Faults {
 public:
  Faults(std::vector<Fault> faults, std::uint64_t seed);

  // Which faults strike this asking of the request.
  std::vector<FaultKind> Strike(const HttpRequest& request);

 private:
  std::uint64_t Ordinal(std::uint64_t key);

  // Constant after construction.
  std::vector<Fault> faults_;
  std::uint64_t seed_;
  bool counts_ = false;
  // Own synchronisation.
  std::atomic<std::uint64_t> requests_{0};
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::uint32_t> asked;
  };
  std::array<Shard, 16> shards_;
};

ListFaults ListFaultsOf(const std::vector<FaultKind>& struck);
// The answer that stands in for the real one (an error, a gzip bomb); nothing: ask the service.
std::optional<HttpResponse> Replacement(const Api& api, const HttpRequest& request,
                                        const std::vector<FaultKind>& struck);
// Damages a real answer on its way.
void Damage(HttpResponse& response, const std::vector<FaultKind>& struck);

}  // namespace sluice::sim
