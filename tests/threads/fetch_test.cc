// Fetch over real sockets, asked from many threads at once.
#include "stages/fetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>

#include "stages/http/curl_transport.h"
#include "tests/support/judging_source.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

constexpr int kThreads = 4;
constexpr int kEach = 50;  // requests of one thread

class FetchThreads : public testing::Test {
 protected:
  ~FetchThreads() override { transport_.reset(); }  // before fetch_, as its contract asks

  // Each thread asks kEach times and looks at the figures as the progress line does.
  void AskFromAllThreads() {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back([this] { Ask(); });
  }
  void Ask() {
    for (int i = 0; i < kEach; ++i) {
      fetch_.Start({.operation = "pages", .target = "/" + std::to_string(i)}, 1,
                   [this](FetchResult result) {
                     if (std::holds_alternative<Answer>(result)) ++answers_;
                     if (std::holds_alternative<Stopped>(result)) ++stopped_;
                     home_.count_down();
                   });
      if (fetch_.Snapshot().sent > kThreads * kEach) ++snapshots_wrong_;
      fetch_.ExportState();
    }
  }

  RawServer server_{[](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) connection.Answer("{}");
  }};
  JudgingSource source_{server_.Url("")};
  SystemClock clock_;
  // On the loop thread; read after home_.
  int answers_ = 0;
  int stopped_ = 0;
  std::latch home_{kThreads * kEach};
  std::atomic<int> snapshots_wrong_ = 0;
  std::optional<CurlTransport> transport_{CurlOptions{.in_flight_max = 16}};
  Fetch fetch_{source_,
               *transport_,
               clock_,
               {.operations = {{.name = "pages", .in_flight_max = 16}},
                .rate = {.requests_per_second = 10'000, .burst = 16}},
               /*seed=*/1};
};

TEST_F(FetchThreads, EveryRequestIsAnsweredOnce) {
  AskFromAllThreads();
  home_.wait();
  EXPECT_EQ(answers_, kThreads * kEach);
  EXPECT_EQ(fetch_.Snapshot().sent, kThreads * kEach);
  EXPECT_EQ(snapshots_wrong_, 0);
}

TEST_F(FetchThreads, AStopInTheMiddleLeavesNoRequestWithoutAnAnswer) {
  std::jthread stopper([this] { fetch_.Stop(); });
  AskFromAllThreads();
  home_.wait();
  EXPECT_EQ(answers_ + stopped_, kThreads * kEach);
}

}  // namespace
}  // namespace sluice
