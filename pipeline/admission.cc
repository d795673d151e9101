#include "pipeline/admission.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/base/check.h"

namespace sluice {

namespace {

// Documents are rendered from stored responses; they share one estimate.
const std::string& OperationOf(const FrontierItem& item) {
  static const std::string kDocument = "document";
  return item.kind == ItemKind::kDocument ? kDocument : item.request.operation;
}

// The frontier's own order, without which the listing would wait behind all that is loaded, and
// what only a complete listing allows (pages that it lacks) would come last and alone.
bool GoesBefore(const FrontierItem& a, const FrontierItem& b) {
  if (a.kind != b.kind) return a.kind == ItemKind::kDocument;
  if (a.request.listing != b.request.listing) return a.request.listing;
  return a.request.depth > b.request.depth;
}

}  // namespace

std::optional<Admission::Admitted> Admission::TryAdmit() {
  return state_.With([&](State& state) -> std::optional<Admitted> {
    if (state.stopped || state.ready.empty() || state.in_flight >= credits_) return std::nullopt;
    const std::int64_t estimate = state.memory.Estimate(OperationOf(state.ready.front()));
    if (state.in_flight > 0 && !state.memory.HasRoomFor(estimate)) return std::nullopt;
    Admitted admitted{.item = std::move(state.ready.front()), .charged = estimate};
    state.ready.pop_front();
    state.memory.Charge(estimate);
    ++state.in_flight;
    state.in_flight_peak = std::max(state.in_flight_peak, state.in_flight);
    return admitted;
  });
}

std::int64_t Admission::Correct(const FrontierItem& item, std::int64_t charged,
                                std::int64_t body_bytes) {
  return state_.With(
      [&](State& state) { return state.memory.Correct(OperationOf(item), charged, body_bytes); });
}

MemoryBudget Admission::memory() const {
  return state_.With([](const State& state) { return state.memory; });
}

void Admission::Refill(std::vector<FrontierItem> items) {
  state_.With([&](State& state) {
    const auto loaded = static_cast<std::ptrdiff_t>(state.ready.size());
    std::move(items.begin(), items.end(), std::back_inserter(state.ready));
    // Both parts are in order already; of equals, what was loaded earlier stays ahead.
    std::inplace_merge(state.ready.begin(), state.ready.begin() + loaded, state.ready.end(),
                       GoesBefore);
  });
}

void Admission::Return(std::size_t count, std::int64_t charged) {
  state_.With([&](State& state) {
    SLUICE_CHECK(state.in_flight >= count);
    state.in_flight -= count;
    state.memory.Release(charged);
  });
}

std::vector<FrontierItem> Admission::Stop() {
  return state_.With([](State& state) {
    state.stopped = true;
    std::vector<FrontierItem> left(std::make_move_iterator(state.ready.begin()),
                                   std::make_move_iterator(state.ready.end()));
    state.ready.clear();
    return left;
  });
}

std::size_t Admission::in_flight() const {
  return state_.With([](const State& state) { return state.in_flight; });
}

std::size_t Admission::ready() const {
  return state_.With([](const State& state) { return state.ready.size(); });
}

std::size_t Admission::in_flight_peak() const {
  return state_.With([](const State& state) { return state.in_flight_peak; });
}

}  // namespace sluice
