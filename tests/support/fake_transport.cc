#include "tests/support/fake_transport.h"

#include <algorithm>
#include <utility>

namespace sluice {

ScriptedAnswer Answers(int status, std::string body, std::vector<HttpHeader> headers) {
  return {.result = HttpResponse{
              .status = status, .headers = std::move(headers), .body = std::move(body)}};
}

ScriptedAnswer Fails(Code code, int curl_code) {
  return {.result = tl::unexpected(
              TransportError{.code = code, .curl_code = curl_code, .message = "scripted failure"})};
}

FakeTransport::FakeTransport(FakeClock& clock, Server server)
    : clock_(clock), server_(std::move(server)) {}

void FakeTransport::Post(std::function<void()> work) { After(Duration::zero(), std::move(work)); }

void FakeTransport::After(Duration delay, std::function<void()> work) {
  events_.emplace(clock_.Now() + std::max(delay, Duration::zero()), std::move(work));
}

void FakeTransport::Start(HttpRequest request, Done done) {
  ScriptedAnswer answer = stopped_ ? Fails(Code::kCancelled) : server_(request);
  if (answer.result) {
    answer.result->elapsed = std::chrono::duration_cast<std::chrono::microseconds>(answer.latency);
  }
  auto under_way = std::make_shared<UnderWay>(UnderWay{std::move(done), std::move(answer.result)});
  under_way_.push_back(under_way);
  in_flight_peak_ = std::max(in_flight_peak_, ++in_flight_);
  if (!stopped_) sent_.push_back({clock_.Now(), std::move(request)});
  After(answer.latency, [this, under_way] { Deliver(under_way); });
}

void FakeTransport::Stop() {
  stopped_ = true;
  for (const auto& request : under_way_) {
    request->result = tl::unexpected(
        TransportError{.code = Code::kCancelled, .message = "stopped while under way"});
    Post([this, request] { Deliver(request); });
  }
}

void FakeTransport::Deliver(const std::shared_ptr<UnderWay>& request) {
  if (std::erase(under_way_, request) == 0) return;  // has been cancelled before it was due
  --in_flight_;
  request->done(std::move(request->result));
}

void FakeTransport::AdvanceTo(SteadyTime time) {
  while (!events_.empty() && events_.begin()->first <= time) {
    auto event = events_.extract(events_.begin());
    clock_.Advance(std::max(Duration::zero(), event.key() - clock_.Now()));
    event.mapped()();
  }
  clock_.Advance(std::max(Duration::zero(), time - clock_.Now()));
}

void FakeTransport::RunUntilIdle() {
  while (!events_.empty()) AdvanceTo(events_.begin()->first);
}

}  // namespace sluice
