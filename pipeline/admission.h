// Admission: the only bound of the machine. An item enters with a credit and a charge of memory,
// and both come back after the item's commit is durable; so at most `credits` items are ever in
// memory, and no more is admitted while their bodies exceed the budget. One item is always
// admitted, however large: it will be committed, so nothing deadlocks.
//
// Thread-safe. TryAdmit() runs under oneTBB's spin lock and therefore only pops from memory; the
// commit thread refills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/memory_budget.h"
#include "storage/base/guarded.h"
#include "storage/records.h"

namespace sluice {

class Admission {
 public:
  struct Limits {
    std::size_t credits;
    std::int64_t memory_bytes;  // of bodies in flight; 0: no bound
  };
  struct Admitted {
    FrontierItem item;
    std::int64_t charged = 0;  // bytes
  };

  explicit Admission(Limits limits)
      : credits_(limits.credits), state_(State{.memory = MemoryBudget(limits.memory_bytes)}) {}

  // Takes a credit and an item together, or nothing.
  std::optional<Admitted> TryAdmit();
  // The body of an admitted item turned out to have `body_bytes`. Returns its new charge.
  std::int64_t Correct(const FrontierItem& item, std::int64_t charged, std::int64_t body_bytes);
  // Adds items as the frontier gave them: documents, then the listing, then deep before shallow.
  void Refill(std::vector<FrontierItem> items);
  // Gives `count` credits and their `charged` bytes back: their commits are durable.
  void Return(std::size_t count, std::int64_t charged);
  // Admits no more; hands back what was ready and will not run.
  std::vector<FrontierItem> Stop();

  // Admitted and not committed.
  std::size_t in_flight() const;
  std::size_t ready() const;
  // The most that were in flight at once.
  std::size_t in_flight_peak() const;
  std::size_t credits() const { return credits_; }
  // What the bodies in flight are charged now, and at most were.
  MemoryBudget memory() const;

 private:
  struct State {
    std::deque<FrontierItem> ready;
    std::size_t in_flight = 0;
    std::size_t in_flight_peak = 0;
    bool stopped = false;
    MemoryBudget memory;
  };

  const std::size_t credits_;
  Guarded<State> state_;
};

}  // namespace sluice
