#include "pipeline/units.h"

#include <gtest/gtest.h>

#include "pipeline/did_you_mean.h"
#include "pipeline/exit_code.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(UnitsTest, DurationsAreReadInBothForms) {
  const std::vector<std::pair<std::string, std::chrono::milliseconds>> cases = {
      {"500ms", 500ms},   {"30s", 30s},         {"15m", 15min},    {"24h", 24h},
      {"2d", 48h},        {"1.5s", 1500ms},     {"PT5M", 5min},    {"P2D", 48h},
      {"PT1H30M", 90min}, {"P1DT1S", 24h + 1s}, {"PT0.5S", 500ms}, {"0s", 0ms}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(ParseDuration(text), expected) << text;
}

TEST(UnitsTest, WhatIsNoDurationIsRefused) {
  for (const char* text :
       {"", "5", "s", "-1s", "5 s", "5 minutes", "P", "PT", "P1Y", "P1M", "PT1M1H", "PT1M1M",
        "P1DT", "1e3s", "inf", "nan", "9999999999999h", "1.2.3s"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, DurationsAreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(DurationText(1500ms), "1500ms");
  EXPECT_EQ(DurationText(90s), "90s");
  EXPECT_EQ(DurationText(24h), "1d");
  EXPECT_EQ(DurationText(0ms), "0s");
}

TEST(UnitsTest, SizesTellDecimalFromBinary) {
  EXPECT_EQ(ParseByteCount("50MB"), 50'000'000);
  EXPECT_EQ(ParseByteCount("50MiB"), 52'428'800);
  EXPECT_EQ(ParseByteCount("4096"), 4096);
  for (const char* text : {"", "MB", "5 MB", "5mb", "-1", "1e30", "99999999TB"}) {
    EXPECT_EQ(ParseByteCount(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, SizesAreShownAsTheyAreWritten) {
  for (const char* text : {"256MB", "50MiB", "1GiB", "4KiB", "3kB", "17B"}) {
    EXPECT_EQ(ByteCountText(ParseByteCount(text).value()), text);
  }
}

TEST(UnitsTest, RatesArePerAnyPeriod) {
  EXPECT_EQ(ParseRate("3/s"), 3.0);
  EXPECT_EQ(ParseRate("60/m"), 1.0);
  EXPECT_DOUBLE_EQ(ParseRate("1000/5m").value(), 1000.0 / 300);
  EXPECT_EQ(ParseRate("2.5"), 2.5);
  for (const char* text : {"", "/s", "3/", "3/0s", "3/x", "-3", "3 / s", "inf"}) {
    EXPECT_EQ(ParseRate(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, DeletionIsBoundedByNumberOrShare) {
  EXPECT_EQ(ParseDeleteLimit("200"), DeleteLimit(std::int64_t{200}));
  EXPECT_EQ(ParseDeleteLimit("10%"), DeleteLimit(Percent{10}));
  for (const char* text : {"", "%", "101%", "-1", "ten"}) {
    EXPECT_EQ(ParseDeleteLimit(text), std::nullopt) << text;
  }
}

TEST(DidYouMeanTest, EditsAreCounted) {
  EXPECT_EQ(EditDistance("rate", "rate"), 0);
  EXPECT_EQ(EditDistance("raet", "rate"), 1);
  EXPECT_EQ(EditDistance("burts", "bust"), 2);
  EXPECT_EQ(EditDistance("", "abc"), 3);
}

TEST(DidYouMeanTest, OnlyANearWordIsMeant) {
  EXPECT_EQ(NearestWord("in_fligth", {"rate", "in_flight"}), "in_flight");
  EXPECT_EQ(NearestWord("colour", {"rate", "in_flight"}), "");
}

TEST(ExitCodeTest, EveryCodeHasTheExitCodeOfTheContract) {
  const std::vector<std::pair<Code, int>> cases = {
      {Code::kTransient, 3},    {Code::kRateLimited, 7}, {Code::kNotFound, 3},
      {Code::kUnauthorized, 6}, {Code::kInvalid, 3},     {Code::kUsage, 2},
      {Code::kNetwork, 5},      {Code::kDisk, 4},        {Code::kLocked, 8},
      {Code::kDamaged, 9},      {Code::kCancelled, 3},   {Code::kFatal, 1}};
  for (const auto& [code, expected] : cases) {
    EXPECT_EQ(ToInt(ExitCodeFor(code)), expected) << CodeName(code);
  }
}

TEST(ExitCodeTest, SignalsCountFrom128) {
  EXPECT_EQ(ExitCodeForSignal(2), ExitCode::kInterrupted);
  EXPECT_EQ(ExitCodeForSignal(15), ExitCode::kTerminated);
}

}  // namespace
}  // namespace sluice
