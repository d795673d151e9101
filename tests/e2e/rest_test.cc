// REST jobs against the simulator: every record once, whatever the paginator, the output, and what
// happens on the way.
#include <sys/wait.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/e2e/rest_fixture.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// --- every paginator ----------------------------------------------------------------------------

class RestPaginatorTest : public RestTest, public testing::WithParamInterface<const char*> {};

TEST_P(RestPaginatorTest, GivesEveryRecordOnceAndInOrder) {
  const SimProcess sim = Simulate(GetParam(), {"--records", "437"});
  Job(sim, Records("paginator = " + PaginatorOf(GetParam())));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids(), From(1, 437));
}

TEST_P(RestPaginatorTest, ASecondRunOfWhatHasNotChangedTouchesNoFile) {
  const SimProcess sim = Simulate(GetParam(), {"--records", "250"});
  Job(sim, Records("paginator = " + PaginatorOf(GetParam())));
  ASSERT_EQ(Export().exit_code, 0);
  const Tree before = exporter_.Output();
  const std::size_t requests = sim.Answered();
  const Outcome again = Export();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(sim.Answered(), 2 * requests);
  EXPECT_THAT(Touched(before, exporter_.Output()), IsEmpty());
}

TEST_P(RestPaginatorTest, SurvivesWhatGoesWrongOnTheWay) {
  const SimProcess sim = Simulate(
      GetParam(), {"--records", "437", "--fault", "500:0.1", "--fault", "truncate:0.1", "--fault",
                   "bad-json:0.1", "--fault", "429:0.1", "--fault", "reset:0.05"});
  Job(sim, Records("paginator = " + PaginatorOf(GetParam())));
  const Outcome outcome = Export({"--set", "retry.base=10ms", "--set", "retry.read_attempts=30"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids(), From(1, 437));
}

// Every page is clamped to 25 items or cut to a third, whatever was asked for.
TEST_P(RestPaginatorTest, SmallerPagesThanAskedForLoseNothing) {
  for (const char* fault : {"clamp", "short-page"}) {
    exporter_.Clear();
    const SimProcess sim = Simulate(GetParam(), {"--records", "130", "--fault", fault});
    Job(sim, Records("paginator = " + PaginatorOf(GetParam())));
    const Outcome outcome = Export();
    EXPECT_EQ(outcome.exit_code, 0) << fault << outcome.err;
    EXPECT_EQ(Ids(), From(1, 130)) << fault;
  }
}

TEST_P(RestPaginatorTest, AListThatLeadsInACircleIsReported) {
  const SimProcess sim = Simulate(GetParam(), {"--records", "437", "--fault", "cursor-loop"});
  Job(sim, Records("paginator = " + PaginatorOf(GetParam())));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("circle"));
  EXPECT_LE(sim.Answered(), 6u);
}

INSTANTIATE_TEST_SUITE_P(Paginators, RestPaginatorTest,
                         testing::Values("header_link", "cursor", "offset", "page_number",
                                         "json_link", "header_cursor"));

// --- detection ----------------------------------------------------------------------------------

class RestDetectedTest : public RestTest, public testing::WithParamInterface<const char*> {};

TEST_P(RestDetectedTest, IsFoundOutFromTheFirstAnswer) {
  const SimProcess sim = Simulate(GetParam(), {"--records", "437"});
  Job(sim, Records(""));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids(), From(1, 437));
  EXPECT_THAT(Query(exporter_.state(), "SELECT text FROM v_notes WHERE kind = 'detected'"),
              testing::SizeIs(2));
}

INSTANTIATE_TEST_SUITE_P(Paginators, RestDetectedTest,
                         testing::Values("header_link", "cursor", "page_number", "json_link"));

// Nothing in the answer says how to go on; its total says that it is not all.
TEST_F(RestTest, ATotalProvesThatAPageIsNotAll) {
  for (const char* paginator : {"offset", "header_cursor"}) {
    exporter_.Clear();
    const SimProcess sim = Simulate(paginator, {"--records", "437"});
    Job(sim, Records(""));
    const Outcome outcome = Export();
    EXPECT_EQ(outcome.exit_code, 3) << paginator << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("declares 437 records and gave 100"));
  }
}

// --- outputs ------------------------------------------------------------------------------------

TEST_F(RestTest, CsvHasALineForEveryRecord) {
  const SimProcess sim = Simulate("offset", {"--records", "250"});
  Job(sim, Records("paginator = " + PaginatorOf("offset")) +
               "[resources.output]\nformat = \"csv\"\nfields = [\"id\", \"owner.login\"]\n");
  EXPECT_EQ(Export().exit_code, 0);
  const std::string csv = exporter_.Output()["records.csv"].content;
  EXPECT_THAT(csv, HasSubstr("id,owner__login\r\n1,"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 251);
}

TEST_F(RestTest, SqliteHasATableForEveryResource) {
  const SimProcess sim = Simulate("offset", {"--records", "150", "--notes", "3"});
  const std::string sqlite = "[resources.output]\nformat = \"sqlite\"\n";
  Job(sim, Records("paginator = " + PaginatorOf("offset")) + sqlite +
               Notes("paginator = " + PaginatorOf("offset")) + sqlite);
  const Outcome outcome = Export();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto file = exporter_.output() / "export.db";
  EXPECT_EQ(Query(file, "SELECT count(*), max(id) FROM records"), (Rows{{"150", "150"}}));
  const auto notes = Query(file, "SELECT count(*) > 100, count(DISTINCT id) = count(*) FROM notes");
  EXPECT_EQ(notes, (Rows{{"1", "1"}}));
}

TEST_F(RestTest, BigNumbersKeepTheirDigits) {
  const SimProcess sim = Simulate("cursor", {"--records", "3", "--big-ids"});
  Job(sim, Records("paginator = " + PaginatorOf("cursor")));
  ASSERT_EQ(Export().exit_code, 0);
  const std::string text = exporter_.Output()["records.jsonl"].content;
  EXPECT_THAT(text, HasSubstr("\"id\":9007199254740993,"));
  EXPECT_THAT(text, HasSubstr("\"id\":9007199254740995,"));
}

// --- children -----------------------------------------------------------------------------------

TEST_F(RestTest, ChildrenOfEveryRecordAreExportedInTheOrderOfTheirParents) {
  const SimProcess sim = Simulate("page_number", {"--records", "250", "--notes", "3"});
  Job(sim, Records("paginator = " + PaginatorOf("page_number")) +
               Notes("paginator = " + PaginatorOf("page_number")));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::int64_t> parents;
  for (const auto& note : Lines("notes.jsonl")) parents.push_back(note.at("_records_id"));
  EXPECT_TRUE(std::is_sorted(parents.begin(), parents.end()));
  EXPECT_GT(parents.size(), 200u);
  EXPECT_EQ(sim.Count("GET", "/notes"), 250u);
}

TEST_F(RestTest, WhatIsNotSelectedIsAskedForAndNotWritten) {
  const SimProcess sim = Simulate("cursor", {"--records", "20", "--notes", "3"});
  Job(sim, Records("paginator = " + PaginatorOf("cursor"), "selected = false\n") +
               Notes("paginator = " + PaginatorOf("cursor")));
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_THAT(exporter_.Output(), Not(Contains(testing::Key("records.jsonl"))));
  EXPECT_THAT(Lines("notes.jsonl"), Not(IsEmpty()));
}

// --- changes ------------------------------------------------------------------------------------

TEST_F(RestTest, WhatTheListDoesNotGiveAnyMoreGoes) {
  int port = 0;
  {
    const SimProcess sim = Simulate("offset", {"--records", "250"});
    port = sim.port();
    Job(sim, Records("paginator = " + PaginatorOf("offset")));
    ASSERT_EQ(Export().exit_code, 0);
  }
  const SimProcess later = Simulate("offset", At(port, {"--records", "250", "--delete", "7"}));
  EXPECT_EQ(Export().exit_code, 0);
  EXPECT_EQ(Ids().size(), 243u);
}

const std::string kIncremental =
    "paginator = \"header_link\"\n"
    "params = { order = \"updated\" }\n"
    "incremental = { cursor_path = \"updated_at\", start_param = \"updated_since\" }\n";

TEST_F(RestTest, AnIncrementalRunAsksForWhatHasChangedAndWritesIt) {
  int port = 0;
  {
    const SimProcess sim = Simulate("header_link", {"--records", "450"});
    port = sim.port();
    Job(sim, Records(kIncremental, "write_disposition = \"merge\"\n"));
    ASSERT_EQ(Export().exit_code, 0);
    EXPECT_EQ(Ids().size(), 450u);
  }
  const auto before = Lines("records.jsonl");
  const SimProcess later = Simulate("header_link", At(port, {"--records", "450", "--edit", "9"}));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(later.Answered(), 1u);
  EXPECT_EQ(later.Count("GET", "updated_since="), 1u);
  const auto after = Lines("records.jsonl");
  ASSERT_EQ(after.size(), before.size());
  int changed = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].at("id"), before[i].at("id"));
    changed += after[i] != before[i];
  }
  EXPECT_EQ(changed, 9);
}

// --- caps ---------------------------------------------------------------------------------------

TEST_F(RestTest, ACapOnAListIsReported) {
  const SimProcess sim = Simulate("page_number", {"--records", "1000", "--cap", "300"});
  Job(sim, Records("paginator = " + PaginatorOf("page_number")));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("declares 1000 records and gave 300"));
}

TEST_F(RestTest, ACapOnAListIsBeatenBySplittingIt) {
  const SimProcess sim = Simulate("page_number", {"--records", "1000", "--cap", "300"});
  Job(sim, Records("paginator = " + PaginatorOf("page_number") +
                       "\nparams = { order = \"updated\" }\n"
                       "incremental = { cursor_path = \"updated_at\", start_param = "
                       "\"updated_since\", split_limit = 300 }\n",
                   "write_disposition = \"merge\"\n"));
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::int64_t> ids = Ids();
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, From(1, 1000));
}

// --- kills --------------------------------------------------------------------------------------

class RestKillTest : public RestTest, public testing::WithParamInterface<const char*> {};

TEST_P(RestKillTest, ResumesToTheSameBytes) {
  const SimProcess sim = Simulate(GetParam(), {"--records", "600", "--notes", "3"});
  const std::string paginator = "paginator = " + PaginatorOf(GetParam());
  Job(sim, Records(paginator) + Notes(paginator));
  const Outcome undisturbed = Export();
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
  const Tree expected = exporter_.Output();
  exporter_.Clear();
  int killed = 0;
  for (const std::size_t requests : {2u, 40u, 130u, 200u}) {
    killed += ExportKilled(sim, requests) == 128 + SIGKILL;
  }
  EXPECT_GE(killed, 3);
  const Outcome last = Export();
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_THAT(exporter_.Leftovers(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Paginators, RestKillTest,
                         testing::Values("offset", "page_number", "cursor", "header_link"));

// A million records, killed fifty times at any moment: while pages come and while the file is made.
class SoakRestKillTest : public RestTest,
                         public testing::WithParamInterface<std::pair<std::string, std::string>> {
 protected:
  // 137 when the kill came before the end.
  int ExportKilledAfter(std::chrono::milliseconds time) const {
    return RunProcess(
               {.args = {SLUICE_BINARY_DIR "/sluice", "run", job().string(), "--progress", "none"},
                .kill_after = time})
        .exit_code;
  }
};

TEST_P(SoakRestKillTest, FiftyKillsChangeNoByte) {
  const auto [paginator, format] = GetParam();
  const SimProcess sim = Simulate(paginator, {"--records", "1000000"});
  Job(sim, Records("paginator = " + PaginatorOf(paginator)) + "[resources.output]\nformat = \"" +
               format + "\"\n");
  const Outcome undisturbed = Export();
  ASSERT_EQ(undisturbed.exit_code, 0) << undisturbed.err;
  const Tree expected = exporter_.Output();
  exporter_.Clear();
  std::mt19937 rng(1);
  int killed = 0;
  for (int run = 0; killed < 50 && run < 200; ++run) {
    const std::chrono::milliseconds time(50 + rng() % 700);
    killed += ExportKilledAfter(time) == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_EQ(killed, 50);
  const Outcome last = Export();
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_THAT(exporter_.Leftovers(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Soak, SoakRestKillTest,
                         testing::Values(std::pair("cursor", "jsonl"), std::pair("offset", "csv"),
                                         std::pair("page_number", "sqlite")),
                         [](const auto& test) { return test.param.first; });

// --- secrets ------------------------------------------------------------------------------------

TEST_F(RestTest, AKeyInTheQueryIsNeverInTheState) {
  const SimProcess sim =
      Simulate("json_link", {"--records", "250", "--auth", "api_key:key:simulated"});
  Job(sim, Records("paginator = \"json_link\""),
      "auth = { type = \"api_key\", name = \"key\", location = \"query\", api_key = \"env:" +
          std::string(Exporter::kTokenVariable) + "\" }\n");
  const Outcome outcome = Export();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids(), From(1, 250));
  EXPECT_EQ(sim.Count("GET", "key=simulated"), 3u);
  EXPECT_THAT(outcome.err, Not(HasSubstr("simulated")));
  std::ifstream state(exporter_.state(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(state)), {});
  EXPECT_THAT(bytes, Not(HasSubstr("key=simulated")));
}

}  // namespace
}  // namespace sluice
