#include "pipeline/admission.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/base/check.h"

namespace sluice {

std::optional<FrontierItem> Admission::TryAdmit() {
  return state_.With([&](State& state) -> std::optional<FrontierItem> {
    if (state.stopped || state.ready.empty() || state.in_flight >= credits_) return std::nullopt;
    FrontierItem item = std::move(state.ready.front());
    state.ready.pop_front();
    ++state.in_flight;
    state.in_flight_peak = std::max(state.in_flight_peak, state.in_flight);
    return item;
  });
}

void Admission::Refill(std::vector<FrontierItem> items) {
  state_.With([&](State& state) {
    std::move(items.begin(), items.end(), std::back_inserter(state.ready));
  });
}

void Admission::Return(std::size_t count) {
  state_.With([&](State& state) {
    SLUICE_CHECK(state.in_flight >= count);
    state.in_flight -= count;
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
