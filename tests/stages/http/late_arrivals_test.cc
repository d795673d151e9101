#include "stages/http/late_arrivals.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kInterval = 20ms;
constexpr Duration kQuick = 1ms;

class LateArrivalsTest : public testing::Test {
 protected:
  void Answered(Duration taken, int times = 1) {
    for (int i = 0; i < times; ++i) {
      Send();
      arrivals_.OnAnswer(sent_at_, sent_at_ + taken);
    }
  }
  // A request whose answer takes `taken`, and one after it that is refused.
  bool RefusedAfter(Duration taken, Duration refused_after = kQuick) {
    Answered(taken);
    Send();
    const SteadyTime now = sent_at_ + refused_after;
    arrivals_.OnAnswer(sent_at_, now);
    return arrivals_.ExplainRefusal(sent_at_, kInterval, now);
  }
  void Send() {
    sent_at_ += kInterval;
    arrivals_.OnSent(sent_at_);
  }
  // How much later than the pace has it.
  bool Delays() const { return arrivals_.NotBefore(kInterval) > sent_at_ + kInterval; }

  LateArrivals arrivals_;
  SteadyTime sent_at_{1h};
};

TEST_F(LateArrivalsTest, SlowAnswersAloneDelayNothing) {
  Answered(kQuick, 10);
  Answered(9ms);
  EXPECT_FALSE(Delays());
}

TEST_F(LateArrivalsTest, TwoRefusalsAfterSlowAnswersAreExplained) {
  Answered(kQuick, 10);
  EXPECT_FALSE(RefusedAfter(9ms)) << "one may be chance";
  Answered(kQuick, 10);
  EXPECT_TRUE(RefusedAfter(9ms));
}

TEST_F(LateArrivalsTest, TheNextOneWaitsForTheOneThatWasLate) {
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick);
  EXPECT_FALSE(Delays());
  Answered(9ms);
  EXPECT_NEAR((arrivals_.NotBefore(kInterval) - sent_at_) / 1us, 27'800, 200);
}

TEST_F(LateArrivalsTest, AnOverdueAnswerIsWaitedForNoLongerThanOneInterval) {
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Send();
  EXPECT_EQ(arrivals_.NotBefore(kInterval), sent_at_ + 2 * kInterval);
}

TEST_F(LateArrivalsTest, RefusalsAfterQuickAnswersSpeakAgainst) {
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick, 10);
  RefusedAfter(kQuick);
  EXPECT_FALSE(RefusedAfter(9ms));
}

TEST_F(LateArrivalsTest, AServerThatIsAlwaysSlowExplainsNothing) {
  Answered(kQuick);
  Answered(9ms, 50);
  EXPECT_FALSE(RefusedAfter(9ms));
  EXPECT_FALSE(RefusedAfter(9ms));
  EXPECT_FALSE(RefusedAfter(9ms));
}

TEST_F(LateArrivalsTest, AnswersThatTakeLongerThanTheIntervalAreNoHelp) {
  Answered(50ms, 10);
  EXPECT_FALSE(RefusedAfter(90ms, 50ms));
  EXPECT_FALSE(RefusedAfter(90ms, 50ms));
  EXPECT_FALSE(RefusedAfter(90ms, 50ms));
}

TEST_F(LateArrivalsTest, IsForgottenAfterAThousandAnswers) {
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick, 10);
  RefusedAfter(9ms);
  Answered(kQuick, 1000);
  Answered(9ms);
  EXPECT_FALSE(Delays());
}

}  // namespace
}  // namespace sluice
