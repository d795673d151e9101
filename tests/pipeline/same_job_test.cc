// What a run refuses to do to the export of another job.
#include "pipeline/same_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const StateJob kNotes{.fingerprint = "rest 1", .parts = {"notes", "notes.csv", "records"}};

// The message of the refusal; empty: it is none.
std::string Refusal(const StateJob& state, const StateJob& job, RunMode mode = RunMode::kExport,
                    const RunOptions& options = {}) {
  const Status status = CheckSameJob(state, job, "out", mode, options);
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::kUsage);
  return status.error().message;
}
std::string RefusalOfRetry(const StateJob& state, const StateJob& job) {
  return Refusal(state, job, RunMode::kRetryFailed);
}

TEST(SameJobTest, AnotherSourceIsRefusedByBothNamesWithTheNextStep) {
  EXPECT_THAT(Refusal(kNotes, {.fingerprint = "notion 2"}),
              AllOf(HasSubstr("an export of rest"), HasSubstr("one of notion"), HasSubstr("--out"),
                    HasSubstr("--fresh")));
}

TEST(SameJobTest, FreshForgetsTheOtherSource) {
  EXPECT_EQ(Refusal(kNotes, {.fingerprint = "notion 2"}, RunMode::kExport, {.fresh = true}), "");
}

TEST(SameJobTest, ANewListingMayBeOfAnotherJobOfTheSameSource) {
  EXPECT_EQ(Refusal(kNotes, {.fingerprint = "rest 2", .parts = {"other"}}), "");
}

TEST(SameJobTest, AStateThatNoRunHasBegunFitsEveryJob) { EXPECT_EQ(Refusal({}, kNotes), ""); }

TEST(SameJobTest, RetryGoesOnWithTheSameJob) { EXPECT_EQ(RefusalOfRetry(kNotes, kNotes), ""); }

TEST(SameJobTest, RetryOfAnotherJobNamesWhatDiffers) {
  EXPECT_THAT(
      RefusalOfRetry(kNotes, {.fingerprint = "rest 2", .parts = {"notez", "notez.csv", "records"}}),
      AllOf(HasSubstr("it has notez, notez.csv"), HasSubstr("the export has notes, notes.csv")));
}

TEST(SameJobTest, RetryOfAJobThatAsksForTheSameInAnotherWaySaysSo) {
  EXPECT_THAT(RefusalOfRetry(kNotes, {.fingerprint = "rest 2", .parts = kNotes.parts}),
              HasSubstr("is not what it was"));
}

TEST(SameJobTest, RetryOfAnotherChoiceShowsBoth) {
  EXPECT_THAT(RefusalOfRetry({.fingerprint = "notion include pages"},
                             {.fingerprint = "notion include users"}),
              AllOf(HasSubstr("'notion include users'"), HasSubstr("'notion include pages'")));
}

TEST(SameJobTest, RetryOfAStateThatNoRunHasBegunIsRefused) {
  EXPECT_THAT(RefusalOfRetry({}, kNotes), HasSubstr("no export has begun here"));
}

TEST(SameJobTest, OfflineRowsOfAnotherRestJobAreRefused) {
  EXPECT_THAT(Refusal(kNotes, {.fingerprint = "rest 2", .parts = {"records"}}, RunMode::kExport,
                      {.offline = true}),
              HasSubstr("another job"));
}

TEST(SameJobTest, OfflinePagesMayBeRenderedInAnotherWay) {
  EXPECT_EQ(Refusal({.fingerprint = "notion render 1"}, {.fingerprint = "notion render 2"},
                    RunMode::kExport, {.offline = true}),
            "");
}

TEST(SameJobTest, WhereThereIsNoStateThereIsNoExport) {
  const TempDir folder;
  const Status status = CheckExportIsThere(folder / "out");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kUsage);
}

}  // namespace
}  // namespace sluice
