// A second run asks for the listing and for what changed, and touches no file that did not.
#include <set>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class IncrementalTest : public ExportTest {
 protected:
  // The same workspace each time; `more` says what happened to it since.
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "200", "--blocks", "8"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
  // The first export, of the workspace as it was.
  Tree ExportBefore() {
    const Outcome outcome = exporter_.Export(Workspace());
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return exporter_.Output();
  }
};

TEST_F(IncrementalTest, UnchangedWorkspaceCostsTheListingAlone) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const std::size_t block_requests = sim.Count("GET", "/v1/blocks/");
  EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_EQ(sim.Count("GET", "/v1/blocks/"), block_requests);
}

TEST_F(IncrementalTest, UnchangedWorkspaceTouchesNoFile) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const Tree before = exporter_.Output();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Touched(before, exporter_.Output()), IsEmpty());
}

TEST_F(IncrementalTest, EditsGiveTheTreeOfAFreshExport) {
  ExportBefore();
  const SimProcess edited = Workspace({"--edit", "12"});
  const Outcome outcome = exporter_.Export(edited);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(edited), exporter_.Output()), IsEmpty());
}

TEST_F(IncrementalTest, OnlyBlocksOfEditedPagesAreAskedFor) {
  ExportBefore();
  const Rows before = Query(exporter_.state(), "SELECT id, revision FROM documents");
  const SimProcess edited = Workspace({"--edit", "12"});
  ASSERT_EQ(exporter_.Export(edited).exit_code, 0);
  std::set<std::string> changed;
  const std::set<std::vector<std::string>> known(before.begin(), before.end());
  for (const auto& row : Query(exporter_.state(), "SELECT id, revision FROM documents")) {
    if (!known.contains(row)) changed.insert(row.front());
  }
  EXPECT_EQ(changed.size(), 12u);
  // A page's first list carries the page's id; lists below it carry ids of blocks.
  const std::string asked = "/children?page_size=100";
  std::set<std::string> pages;
  for (const auto& row : Query(exporter_.state(), "SELECT id FROM documents WHERE kind = 'page'")) {
    if (edited.Count("GET", "/v1/blocks/" + row.front() + asked) > 0) pages.insert(row.front());
  }
  EXPECT_EQ(pages, changed);
}

TEST_F(IncrementalTest, EditsLeaveOtherFilesAlone) {
  const Tree before = ExportBefore();
  const SimProcess edited = Workspace({"--edit", "3"});
  ASSERT_EQ(exporter_.Export(edited).exit_code, 0);
  const Tree after = exporter_.Output();
  for (const auto& [path, file] : after) {
    const auto was = before.find(path);
    if (was == before.end() || was->second.content != file.content) continue;
    EXPECT_EQ(was->second.mtime_ns, file.mtime_ns) << path;
  }
}

TEST_F(IncrementalTest, DeletionsGiveTheTreeOfAFreshExport) {
  const Tree before = ExportBefore();
  const SimProcess smaller = Workspace({"--delete", "9"});
  const Outcome outcome = exporter_.Export(smaller);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(exporter_.Output().size(), before.size() - 9);
  EXPECT_THAT(Differences(ExportOf(smaller), exporter_.Output()), IsEmpty());
}

TEST_F(IncrementalTest, MoreDeletionsThanAllowedDeleteNothing) {
  const Tree before = ExportBefore();
  const Outcome outcome = exporter_.Export(Workspace({"--delete", "9"}), {"--max-delete", "8"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("9"));
  EXPECT_THAT(outcome.err, HasSubstr("--max-delete"));
  const Tree after = exporter_.Output();
  for (const auto& [path, file] : before) EXPECT_TRUE(after.contains(path)) << path;
}

TEST_F(IncrementalTest, RefusedDeletionsAreDoneWhenAllowed) {
  ExportBefore();
  const SimProcess smaller = Workspace({"--delete", "9"});
  ASSERT_EQ(exporter_.Export(smaller, {"--max-delete", "8"}).exit_code, 3);
  const Outcome outcome = exporter_.Export(smaller, {"--max-delete", "9"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(smaller), exporter_.Output()), IsEmpty());
}

TEST_F(IncrementalTest, AFileThatWasRemovedByHandComesBack) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const Tree before = exporter_.Output();
  std::filesystem::remove(exporter_.output() / before.begin()->first);
  EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(before, exporter_.Output()), IsEmpty());
}

TEST_F(IncrementalTest, BothApiVersionsExportTheSamePages) {
  const SimProcess sim = Workspace();
  const Tree classic = ExportOf(sim, {"--set", "notion.version=2022-06-28"});
  const Tree current = ExportOf(sim);
  EXPECT_FALSE(current.empty());
  EXPECT_THAT(Differences(current, classic), IsEmpty());
}

}  // namespace
}  // namespace sluice
