// What may happen to an export that is not finished, besides going on with it: a collection is
// reset, another listing begins, it is rendered offline, its failures are tried again.
#include <algorithm>

#include "tests/e2e/export_fixture.h"
#include "tests/e2e/rest_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// --- rows ---------------------------------------------------------------------------------------

class ResetTest : public RestTest {
 protected:
  static SimProcess Service() {
    return Simulate("cursor", {"--records", "250", "--notes", "3", "--seed", "2"});
  }
  void JobWithNotes(const SimProcess& sim) {
    const std::string paginator =
        "paginator = { type = \"cursor\", cursor_path = \"next_cursor\" }";
    Job(sim, Records(paginator) + Notes(paginator));
  }
  void IncrementalJob(const SimProcess& sim) {
    Job(sim, Records("paginator = { type = \"cursor\", cursor_path = \"next_cursor\" }\n"
                     "params = { limit = 20, order = \"updated\" }\n"
                     "incremental = { cursor_path = \"updated_at\", "
                     "start_param = \"updated_since\", "
                     "initial_value = \"2000-01-01T00:00:00Z\" }",
                     "write_disposition = \"merge\"\n"));
  }
  Outcome Reset(const std::string& collection) const {
    return exporter_.Run({"state", exporter_.output().string(), "--reset", collection});
  }
  int Verify() const { return exporter_.Run({"verify", exporter_.output().string()}).exit_code; }
};

TEST_F(ResetTest, OfAnInterruptedIncrementalListLosesNoRecord) {
  const SimProcess sim = Service();
  IncrementalJob(sim);
  ASSERT_EQ(Export({"--max-requests", "5"}).exit_code, 3);
  ASSERT_EQ(Reset("records").exit_code, 0);
  EXPECT_EQ(Verify(), 3);
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_EQ(Ids().size(), 250U);
  EXPECT_EQ(Verify(), 0);
}

TEST_F(ResetTest, OfAnInterruptedChildLosesNoRecord) {
  const SimProcess sim = Service();
  JobWithNotes(sim);
  ASSERT_EQ(Export().exit_code, 0);
  const Tree expected = exporter_.Output();
  for (const char* requests : {"1", "60", "200"}) {
    SCOPED_TRACE(requests);
    exporter_.Clear();
    ASSERT_EQ(Export({"--max-requests", requests}).exit_code, 3);
    ASSERT_EQ(Reset("notes").exit_code, 0);
    EXPECT_EQ(Export().exit_code, 0);
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  }
}

TEST_F(ResetTest, LeavesNothingForARetry) {
  const SimProcess sim = Service();
  JobWithNotes(sim);
  ASSERT_EQ(Export().exit_code, 0);
  const Tree expected = exporter_.Output();
  ASSERT_EQ(Reset("notes").exit_code, 0);
  const Outcome retry = exporter_.Run(
      {"retry", exporter_.output().string(), "--job", job().string(), "--progress", "none"});
  EXPECT_EQ(retry.exit_code, 2);
  EXPECT_THAT(retry.err, HasSubstr("listed anew"));
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
}

TEST_F(ResetTest, OfflineLeavesTheFileAsItWas) {
  const SimProcess sim = Service();
  JobWithNotes(sim);
  ASSERT_EQ(Export().exit_code, 0);
  const Tree expected = exporter_.Output();
  ASSERT_EQ(Reset("notes").exit_code, 0);
  const Outcome offline = Export({"--offline"});
  EXPECT_EQ(offline.exit_code, 3);
  EXPECT_THAT(offline.err, HasSubstr("notes.jsonl"));
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_EQ(Verify(), 3);
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_EQ(Verify(), 0);
}

TEST_F(ResetTest, AnotherListingMayBeginOverOneThatWasCut) {
  const SimProcess sim = Service();
  JobWithNotes(sim);
  ASSERT_EQ(Export().exit_code, 0);
  const Tree expected = exporter_.Output();
  for (const char* requests : {"1", "2", "40", "150", "251"}) {
    SCOPED_TRACE(requests);
    exporter_.Clear();
    ASSERT_EQ(Export({"--max-requests", requests}).exit_code, 3);
    const Outcome full = Export({"--full"});
    EXPECT_EQ(full.exit_code, 0) << full.err;
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  }
}

// --- a workspace --------------------------------------------------------------------------------

class GenerationTest : public ExportTest {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "25",          "--blocks", "8",      "--depth",
                                     "2",       "--databases", "2",        "--seed", "5"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  Outcome Sluice(const std::string& command, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {command, exporter_.output().string()});
    return exporter_.Run(more);
  }
};

TEST_F(GenerationTest, AnotherOneMayBeginOverOneThatWasCut) {
  const SimProcess sim = Workspace();
  const std::vector<std::vector<std::string>> triggers = {
      {"--full"},
      {"--set", "notion.version=2022-06-28"},
      {"--set", "notion.include=pages,databases,users,comments"}};
  for (const auto& trigger : triggers) {
    const Tree expected = ExportOf(sim, trigger);
    for (const char* requests : {"1", "5", "25", "40"}) {
      SCOPED_TRACE(trigger.back() + ", cut after " + requests);
      exporter_.Clear();
      ASSERT_EQ(exporter_.Export(sim, {"--max-requests", requests}).exit_code, 3);
      const Outcome outcome = exporter_.Export(sim, trigger);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
    }
  }
}

TEST_F(GenerationTest, AnotherOneMayBeginOverAnIncrementalOneThatWasCut) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const SimProcess edited = Workspace({"--edit", "12"});
  const Tree expected = ExportOf(edited);
  ASSERT_EQ(exporter_.Export(edited, {"--max-requests", "1"}).exit_code, 3);
  const Outcome full = exporter_.Export(edited, {"--full"});
  EXPECT_EQ(full.exit_code, 0) << full.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
}

// Which requests fail depends on their order, so each try fails at other places.
TEST_F(GenerationTest, FailuresLeaveNoTraceOnceTheyWereTriedAgain) {
  const SimProcess sim = Workspace();
  const Tree expected = ExportOf(sim);
  for (const char* fault : {"500:0.1", "500:0.15", "500:0.2", "500:0.25", "500:0.3"}) {
    SCOPED_TRACE(fault);
    const SimProcess failing = Workspace({"--fault", fault});
    exporter_.Clear();
    ASSERT_EQ(exporter_.Export(failing, {"--set", "retry.read_attempts=1"}).exit_code, 3);
    const Outcome retry =
        Sluice("retry", {"--base-url", sim.url(), "--tpslimit", "0", "--progress", "none",
                         "--token", std::string("env:") + Exporter::kTokenVariable});
    EXPECT_EQ(retry.exit_code, 0) << retry.err;
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
    EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
    EXPECT_EQ(Sluice("verify").exit_code, 0);
  }
}

TEST_F(GenerationTest, OfflineDoesNotHideAFailureFromTheNextRun) {
  const SimProcess sim = Workspace({"--edit", "12"});
  const Tree expected = ExportOf(sim);
  const SimProcess failing = Workspace({"--fault", "500:0.4"});
  for (int i = 0; i < 6; ++i) {
    SCOPED_TRACE(i);
    exporter_.Clear();
    ASSERT_EQ(exporter_.Export(failing, {"--set", "retry.read_attempts=1"}).exit_code, 3);
    EXPECT_EQ(exporter_.Export(sim, {"--offline"}).exit_code, 3);
    EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
    EXPECT_EQ(Sluice("verify").exit_code, 0);
  }
}

}  // namespace
}  // namespace sluice
