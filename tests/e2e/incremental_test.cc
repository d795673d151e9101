// A second run asks for the listing and for what changed, and touches no file that did not.
#include <algorithm>
#include <map>
#include <set>

#include "tests/e2e/export_fixture.h"

namespace sluice {
namespace {

using testing::ContainsRegex;
using testing::IsEmpty;

std::set<std::string> Paths(const Tree& tree) {
  std::set<std::string> paths;
  for (const auto& [path, file] : tree) paths.insert(path);
  return paths;
}

// The 32 hex digits that end a name.
std::string HexIdIn(const std::string& path) { return path.substr(path.rfind('.') - 32, 32); }

// Of the files that are in `before` alone.
std::vector<std::string> HexIdsOf(const Tree& before, const Tree& after) {
  std::vector<std::string> ids;
  for (const auto& [path, file] : before) {
    if (!after.contains(path)) ids.push_back(HexIdIn(path));
  }
  return ids;
}

// By the names of the databases, which are different in the simulator.
std::map<std::string, std::string> DatabaseIds(const Tree& tree) {
  std::map<std::string, std::string> ids;
  for (const auto& [path, file] : tree) {
    const std::string name = std::filesystem::path(path).filename();
    if (name.ends_with(".csv")) ids[name.substr(0, name.size() - 37)] = HexIdIn(path);
  }
  return ids;
}

std::string Replaced(std::string text, const std::map<std::string, std::string>& words) {
  for (const auto& [from, to] : words) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

// With other ids in paths and contents.
Tree Renamed(const Tree& tree, const std::map<std::string, std::string>& ids) {
  Tree renamed;
  for (const auto& [path, file] : tree) {
    renamed[Replaced(path, ids)] = {.content = Replaced(file.content, ids)};
  }
  return renamed;
}

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

TEST_F(IncrementalTest, FilesOfDeletedPagesAreGone) {
  ExportBefore();
  const SimProcess smaller = Workspace({"--delete", "9"});
  const Outcome outcome = exporter_.Export(smaller);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Paths(exporter_.Output()), Paths(ExportOf(smaller)));
}

// A page that mentions a deleted one is not edited by that, so its stored answers still name it;
// an export without a past shows what the API says now ("Untitled", or one relation less).
TEST_F(IncrementalTest, DeletionsChangeNothingButMentionsOfTheDeleted) {
  const Tree before = ExportBefore();
  const SimProcess smaller = Workspace({"--delete", "9"});
  ASSERT_EQ(exporter_.Export(smaller).exit_code, 0);
  const Tree after = exporter_.Output();
  const Tree fresh = ExportOf(smaller);
  const std::vector<std::string> deleted = HexIdsOf(before, after);
  EXPECT_EQ(deleted.size(), 9u);
  for (const auto& [path, file] : after) {
    if (file.content == fresh.at(path).content) continue;
    EXPECT_TRUE(std::ranges::any_of(deleted, [&](const std::string& id) {
      return file.content.find(id) != std::string::npos;
    })) << path;
  }
}

TEST_F(IncrementalTest, MoreDeletionsThanAllowedDeleteNothing) {
  const Tree before = ExportBefore();
  const Outcome outcome = exporter_.Export(Workspace({"--delete", "9"}), {"--max-delete", "8"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, ContainsRegex("[0-9]+ of [0-9]+ documents are no longer listed"));
  EXPECT_EQ(Paths(exporter_.Output()), Paths(before));
}

TEST_F(IncrementalTest, RefusedDeletionsAreDoneOnceAllowed) {
  ExportBefore();
  const SimProcess smaller = Workspace({"--delete", "9"});
  const Outcome refused = exporter_.Export(smaller, {"--max-delete", "8"});
  const std::string advice = "run with --max-delete ";
  const auto at = refused.err.find(advice);
  ASSERT_NE(at, std::string::npos) << refused.err;
  const std::string allowed = std::to_string(std::stoi(refused.err.substr(at + advice.size())));
  const Outcome outcome = exporter_.Export(smaller, {"--max-delete", allowed});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Paths(exporter_.Output()), Paths(ExportOf(smaller)));
}

TEST_F(IncrementalTest, AFileThatWasRemovedByHandComesBack) {
  const SimProcess sim = Workspace();
  ASSERT_EQ(exporter_.Export(sim).exit_code, 0);
  const Tree before = exporter_.Output();
  std::filesystem::remove(exporter_.output() / before.begin()->first);
  EXPECT_EQ(exporter_.Export(sim).exit_code, 0);
  EXPECT_THAT(Differences(before, exporter_.Output()), IsEmpty());
}

// The two versions know a database by different ids (its own, and its data source's), which stand
// in paths and links; and a data source of the simulator has no description. All else is the same.
TEST_F(IncrementalTest, BothApiVersionsExportTheSamePages) {
  const SimProcess sim = Workspace();
  const Tree current = ExportOf(sim);
  std::map<std::string, std::string> ids;  // of classic -> current
  Tree classic = ExportOf(sim, {"--set", "notion.version=2022-06-28"});
  for (const auto& [title, id] : DatabaseIds(classic)) ids[id] = DatabaseIds(current).at(title);
  ASSERT_EQ(ids.size(), 5u);
  ids["\n\nWhat \\*this\\* holds\n"] = "\n";
  EXPECT_THAT(Differences(current, Renamed(classic, ids)), IsEmpty());
}

}  // namespace
}  // namespace sluice
