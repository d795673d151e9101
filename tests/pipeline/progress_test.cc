#include "pipeline/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "pipeline/log.h"
#include "stages/http/secrets.h"
#include "tests/support/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const ProgressSnapshot kHalf{.requests_done = 120,
                             .requests_open = 30,
                             .documents_done = 50,
                             .documents_total = 100,
                             .failed = 2,
                             .requests_per_second = 2.94};

TEST(ProgressTest, TheBarShowsWhatMattersFirst) {
  EXPECT_EQ(
      ProgressBar(kHalf, 200s, 200),
      "[##########..........] 50/100 documents, 3m20s left, 2 failed, 2.9 requests/s, 30 open");
}

TEST(ProgressTest, TheBarIsNeverWiderThanTheTerminal) {
  ProgressSnapshot waiting = kHalf;
  waiting.waiting_for =
      "the quota of b\xc3\xbc"
      "cher.example";
  for (int columns = 0; columns < 120; ++columns) {
    const std::string bar = ProgressBar(waiting, std::nullopt, columns);
    const auto letters =
        std::count_if(bar.begin(), bar.end(), [](char c) { return (c & 0xc0) != 0x80; });
    EXPECT_LE(letters, columns);
  }
}

TEST(ProgressTest, AnEmptyExportHasABar) {
  EXPECT_THAT(ProgressBar({}, std::nullopt, 80), HasSubstr("[....................] 0/0"));
}

TEST(ProgressTest, WaitingIsSaidWithItsEnd) {
  ProgressSnapshot waiting = kHalf;
  waiting.waiting_for = "the rate limit";
  waiting.waiting_until = 45'296'000;
  EXPECT_THAT(ProgressText(waiting, std::nullopt),
              HasSubstr("waiting for the rate limit until 12:34:56Z"));
}

TEST(ProgressTest, JsonHoldsTheNumbers) {
  const auto line = nlohmann::json::parse(ProgressJson(kHalf, 200s));
  EXPECT_EQ(line["documents_done"], 50);
  EXPECT_EQ(line["seconds_left"], 200);
  EXPECT_FALSE(line.contains("waiting_for"));
}

TEST(ProgressTest, TimeLeftIsShort) {
  EXPECT_EQ(TimeLeftText(45s), "45s");
  EXPECT_EQ(TimeLeftText(200s), "3m20s");
  EXPECT_EQ(TimeLeftText(7500s), "2h05m");
}

TEST(EtaTest, NothingIsSaidBeforeTheTotalStoodFiveSeconds) {
  Eta eta;
  const SteadyTime start{};
  EXPECT_EQ(eta.Update(start, {.documents_done = 0, .documents_total = 100}), std::nullopt);
  EXPECT_EQ(eta.Update(start + 4s, {.documents_done = 40, .documents_total = 100}), std::nullopt);
  EXPECT_EQ(eta.Update(start + 5s, {.documents_done = 50, .documents_total = 100}), 5s);
  EXPECT_EQ(eta.Update(start + 6s, {.documents_done = 60, .documents_total = 101}), std::nullopt);
}

TEST(EtaTest, NothingIsSaidWhenNothingWasDone) {
  Eta eta;
  eta.Update(SteadyTime{}, {.documents_done = 7, .documents_total = 100});
  EXPECT_EQ(eta.Update(SteadyTime{} + 1h, {.documents_done = 7, .documents_total = 100}),
            std::nullopt);
}

class PrinterTest : public testing::Test {
 protected:
  std::string Shown(ProgressMode mode, Duration step, int times) {
    ProgressPrinter printer({.mode = mode, .columns = 80}, clock_, out_);
    for (int i = 0; i < times; ++i) {
      printer.Show(kHalf);
      clock_.Advance(step);
    }
    return out_.str();
  }
  FakeClock clock_;
  std::ostringstream out_;
};

TEST_F(PrinterTest, ABarIsDrawnTenTimesASecond) {
  const std::string text = Shown(ProgressMode::kBar, 10ms, 100);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 10);
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST_F(PrinterTest, ALineIsWrittenEachTenSeconds) {
  const std::string text = Shown(ProgressMode::kLog, 1s, 30);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST_F(PrinterTest, NoneWritesNothing) { EXPECT_EQ(Shown(ProgressMode::kNone, 1s, 30), ""); }

TEST_F(PrinterTest, TheEndIsAlwaysShown) {
  ProgressPrinter printer({.mode = ProgressMode::kJson}, clock_, out_);
  printer.Show({});
  printer.Finish(kHalf);
  EXPECT_THAT(out_.str(), HasSubstr("\"documents_done\":50"));
}

TEST(ProgressModeTest, AutoIsABarOnlyOnATerminal) {
  EXPECT_EQ(ResolveProgressMode(ProgressMode::kAuto, Output::kTerminal), ProgressMode::kBar);
  EXPECT_EQ(ResolveProgressMode(ProgressMode::kAuto, Output::kOther), ProgressMode::kLog);
  EXPECT_EQ(ResolveProgressMode(ProgressMode::kJson, Output::kTerminal), ProgressMode::kJson);
}

TEST(LogTest, AMessageStaysOneHarmlessLine) {
  EXPECT_EQ(LogLine({}, LogLevel::kInfo, "a\nb\x1b[2J\x7f\xc2\x9b!", 1234),
            "1970-01-01T00:00:01.234Z info    a?b?[2J?"
            "?!\n");
}

TEST(LogTest, ASecretThatGotIntoAMessageIsNotWritten) {
  KnownSecrets().Add("log-canary/1");
  testing::internal::CaptureStderr();
  Log(LogLevel::kError, "refused: log-canary%2F1");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("refused: [secret]"), std::string::npos) << line;
}

TEST(LogTest, LettersBeyondAsciiStay) {
  EXPECT_EQ(PlainText("\xc3\x9c \xc2\xa0"), "\xc3\x9c \xc2\xa0");
}

TEST(LogTest, JsonLinesAreJsonWhateverTheMessage) {
  const std::string line = LogLine({.format = LogFormat::kJson}, LogLevel::kError, "\"\xff\n", 0);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json["time"], "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace sluice
