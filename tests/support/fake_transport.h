// A transport in virtual time: posted work, timers and answers run on the test's own thread, in the
// order of their times, and a FakeClock moves with them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "stages/http/transport.h"
#include "tests/support/fake_clock.h"

namespace sluice {

// What the pretended server does with a request.
struct ScriptedAnswer {
  TransportResult result;
  Duration latency = std::chrono::milliseconds(10);
};

ScriptedAnswer Answers(int status, std::string body = "{}", std::vector<HttpHeader> headers = {});
ScriptedAnswer Fails(Code code, int curl_code = 0);

// Single-threaded, Post() and Stop() included.
class FakeTransport final : public Transport {
 public:
  // Called when a request is started; decides what comes back and when.
  using Server = std::function<ScriptedAnswer(const HttpRequest&)>;
  struct Sent {
    SteadyTime at;
    HttpRequest request;
  };

  FakeTransport(FakeClock& clock, Server server);

  void Post(std::function<void()> work) override;
  void After(Duration delay, std::function<void()> work) override;
  void Start(HttpRequest request, Done done) override;
  void Stop() override;

  // Runs everything that is due until `time`, moving the clock there.
  void AdvanceTo(SteadyTime time);
  void AdvanceBy(Duration by) { AdvanceTo(clock_.Now() + by); }
  // Runs until nothing is left to do, however long that takes on the clock.
  void RunUntilIdle();

  const std::vector<Sent>& sent() const { return sent_; }
  int in_flight() const { return in_flight_; }
  int in_flight_peak() const { return in_flight_peak_; }

 private:
  struct UnderWay {
    Done done;
    TransportResult result;
  };
  void Deliver(const std::shared_ptr<UnderWay>& request);

  FakeClock& clock_;
  Server server_;
  std::multimap<SteadyTime, std::function<void()>> events_;  // equal times keep their order
  std::vector<std::shared_ptr<UnderWay>> under_way_;
  std::vector<Sent> sent_;
  int in_flight_ = 0;
  int in_flight_peak_ = 0;
  bool stopped_ = false;
};

}  // namespace sluice
