// Admission: the only bound of the machine. An item enters with a credit, and the credit comes back
// after the item's commit is durable; so at most `credits` items are ever in memory.
//
// Thread-safe. TryAdmit() runs under oneTBB's spin lock and therefore only pops from memory; the
// commit thread refills.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "storage/base/guarded.h"
#include "storage/records.h"

namespace sluice {

class Admission {
 public:
  explicit Admission(std::size_t credits) : credits_(credits) {}

  // Takes a credit and an item together, or nothing.
  std::optional<FrontierItem> TryAdmit();
  // Adds items behind those that are ready.
  void Refill(std::vector<FrontierItem> items);
  // Gives `count` credits back: their commits are durable.
  void Return(std::size_t count);
  // Admits no more; hands back what was ready and will not run.
  std::vector<FrontierItem> Stop();

  // Admitted and not committed.
  std::size_t in_flight() const;
  std::size_t ready() const;
  // The most that were in flight at once.
  std::size_t in_flight_peak() const;
  std::size_t credits() const { return credits_; }

 private:
  struct State {
    std::deque<FrontierItem> ready;
    std::size_t in_flight = 0;
    std::size_t in_flight_peak = 0;
    bool stopped = false;
  };

  const std::size_t credits_;
  Guarded<State> state_;
};

}  // namespace sluice
