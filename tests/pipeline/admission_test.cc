// How many items, and how many bytes of their bodies, may be in flight.
#include "pipeline/admission.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

FrontierItem Item(const std::string& operation = "pages") {
  return {.request = {.operation = operation}};
}

constexpr std::int64_t kFirstCharge = 3 * 64 * 1024;

TEST(AdmissionTest, NoMoreThanTheCreditsAreInFlight) {
  Admission admission({.credits = 2, .memory_bytes = 0});
  admission.Refill({Item(), Item(), Item()});
  EXPECT_TRUE(admission.TryAdmit());
  const auto second = admission.TryAdmit();
  ASSERT_TRUE(second);
  EXPECT_FALSE(admission.TryAdmit());
  admission.Return(1, second->charged);
  EXPECT_TRUE(admission.TryAdmit());
}

TEST(AdmissionTest, BodiesInFlightStayWithinTheBudget) {
  Admission admission({.credits = 100, .memory_bytes = 2 * kFirstCharge});
  admission.Refill({Item(), Item(), Item()});
  EXPECT_TRUE(admission.TryAdmit());
  EXPECT_TRUE(admission.TryAdmit());
  EXPECT_FALSE(admission.TryAdmit());
}

TEST(AdmissionTest, OneItemIsAdmittedHoweverLarge) {
  Admission admission({.credits = 100, .memory_bytes = 1});
  admission.Refill({Item(), Item()});
  EXPECT_TRUE(admission.TryAdmit());
  EXPECT_FALSE(admission.TryAdmit());
}

TEST(AdmissionTest, ASmallBodyMakesRoom) {
  Admission admission({.credits = 100, .memory_bytes = kFirstCharge});
  admission.Refill({Item(), Item()});
  const auto first = admission.TryAdmit();
  ASSERT_TRUE(first);
  EXPECT_EQ(admission.Correct(first->item, first->charged, 100), 300);
  EXPECT_EQ(admission.memory().charged(), 300);
  EXPECT_TRUE(admission.TryAdmit());
}

TEST(AdmissionTest, ALargeBodyHoldsBackWhatFollows) {
  Admission admission({.credits = 100, .memory_bytes = 10 * kFirstCharge});
  admission.Refill({Item(), Item("users")});
  const auto first = admission.TryAdmit();
  ASSERT_TRUE(first);
  const auto charged = admission.Correct(first->item, first->charged, 10 * kFirstCharge);
  EXPECT_FALSE(admission.TryAdmit());
  admission.Return(1, charged);
  EXPECT_TRUE(admission.TryAdmit());
}

TEST(AdmissionTest, EachOperationHasAnEstimateOfItsOwn) {
  MemoryBudget budget(0);
  budget.Charge(kFirstCharge);
  budget.Correct("users", kFirstCharge, 1000);
  EXPECT_EQ(budget.Estimate("users"), 3000);
  EXPECT_EQ(budget.Estimate("pages"), kFirstCharge);
}

TEST(AdmissionTest, AnEstimateFollowsTheBodies) {
  MemoryBudget budget(0);
  std::int64_t charged = 0;
  charged = budget.Correct("pages", charged, 1000);
  for (int i = 0; i < 50; ++i) charged = budget.Correct("pages", charged, 9000);
  EXPECT_NEAR(static_cast<double>(budget.Estimate("pages")), 27'000, 300);
}

TEST(AdmissionTest, WhatIsLoadedLaterMayGoFirst) {
  const FrontierItem shallow{.request = {.operation = "shallow"}};
  const FrontierItem deep{.request = {.operation = "deep", .depth = 1}};
  const FrontierItem listing{.request = {.operation = "listing", .listing = true}};
  const FrontierItem document{.kind = ItemKind::kDocument, .request = {.operation = "document"}};
  const FrontierItem later{.request = {.operation = "later"}};
  Admission admission({.credits = 10, .memory_bytes = 0});
  admission.Refill({deep, shallow});
  admission.Refill({document, listing, later});
  std::vector<std::string> order;
  while (const auto admitted = admission.TryAdmit()) {
    order.push_back(admitted->item.request.operation);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"document", "listing", "deep", "shallow", "later"}));
}

TEST(AdmissionTest, EverythingComesBack) {
  Admission admission({.credits = 3, .memory_bytes = 10 * kFirstCharge});
  admission.Refill({Item(), Item(), Item()});
  std::int64_t charged = 0;
  for (int i = 0; i < 3; ++i) {
    const auto admitted = admission.TryAdmit();
    ASSERT_TRUE(admitted);
    charged += admission.Correct(admitted->item, admitted->charged, 1000 * i);
  }
  admission.Return(3, charged);
  EXPECT_EQ(admission.in_flight(), 0u);
  EXPECT_EQ(admission.memory().charged(), 0);
}

}  // namespace
}  // namespace sluice
