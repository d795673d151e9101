// A recorded real workspace, and what Notion's own export made of it: nothing that Notion shows is
// missing in ours, and what Notion's export loses is there.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/export_fixture.h"
#include "tests/support/markdown_text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

const fs::path kFixtures = SLUICE_SOURCE_DIR "/../shared/fixtures";
const fs::path kWorkspace = kFixtures / "notion/faetools+go-notion-example";
const std::string kRoot = "Example Page 96245c8f178444a482ad1941127c3ec3";
const std::string kDatabase = "My Child Database 7a3c647e4c1e4c27bf1dcfb0105e55ce";

// In Notion's export, not in the recorded answers: the export is older than they are. A status that
// was never chosen is null there, and the rollup shows dates instead of their count.
const std::set<std::string> kNeverRecorded = {"Status: I've taken a look", "rollup date: 1",
                                              "rollup date: 2", "rollup string: 2"};

std::string Joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

// Property values are in our front matter, where a checkbox is true or false.
std::string WithYesAndNo(std::string text) {
  for (const auto& [from, to] : {std::pair(": true\n", ": Yes\n"), {": false\n", ": No\n"}}) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from)) {
      text.replace(at, std::string_view(from).size(), to);
    }
  }
  return text;
}

// Notion writes the caption of an embed twice: as the link's label and as a line of its own.
std::vector<TextLine> WithoutDoubledCaptions(const std::vector<TextLine>& lines) {
  std::vector<TextLine> kept;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool doubled =
        !lines[i].link.empty() && i + 1 < lines.size() && lines[i].words == lines[i + 1].words;
    if (!doubled) kept.push_back(lines[i]);
  }
  return kept;
}

// Lines of `theirs` that are not in `ours` in the same order. A line that is one link may have lost
// its label, which Notion takes from the linked site, but not its target.
std::vector<std::string> LostLines(const std::string& theirs, const std::string& ours) {
  std::set<std::string> expected_losses;
  for (const std::string& line : kNeverRecorded) {
    expected_losses.insert(Joined(VisibleWords(line)));
  }
  const std::vector<TextLine> our_lines = VisibleLines(WithYesAndNo(ours));
  std::vector<std::string> lost;
  auto at = our_lines.begin();
  for (const TextLine& line : WithoutDoubledCaptions(VisibleLines(theirs))) {
    const auto found = std::find_if(at, our_lines.end(), [&](const TextLine& our) {
      return ContainsInOrder(our.words, line.words);
    });
    if (found != our_lines.end()) {
      at = found + 1;
      continue;
    }
    const bool linked = !line.link.empty() && ours.find(line.link) != ours.npos;
    if (!linked && !expected_losses.contains(Joined(line.words)))
      lost.push_back(Joined(line.words));
  }
  return lost;
}

class RealInputTest : public ExportTest {
 protected:
  void SetUp() override {
    if (!fs::exists(kWorkspace)) GTEST_SKIP() << "no recorded workspace at " << kWorkspace;
  }
  // One export for all tests: it is only looked at.
  static const Tree& Ours() {
    static const Tree tree = [] {
      const SimProcess sim(kSimulator, {"replay", kWorkspace.string()});
      return ExportOf(sim);
    }();
    return tree;
  }
  static const std::string& Page(const std::string& path) {
    static const std::string kNothing;
    const auto found = Ours().find(path);
    return found == Ours().end() ? kNothing : found->second.content;
  }
  static Tree Theirs() { return ReadTree(kWorkspace / "notion_export_md"); }
  // How often `part` occurs in the page at the top.
  static int CountInRoot(std::string_view part) {
    const std::string& text = Page(kRoot + ".md");
    int count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
  // How many blocks of a type, among those that hold `text`, the recorded page has.
  static int CountRecorded(std::string_view type, std::string_view text) {
    const std::string name = "96245c8f-1784-44a4-82ad-1941127c3ec3.children.json";
    const auto list = nlohmann::json::parse(ReadFile(kWorkspace / "api/blocks" / name));
    int count = 0;
    for (const auto& block : list.at("results")) {
      count += block.at("type") == type && block.dump().find(text) != std::string::npos;
    }
    return count;
  }
};

TEST_F(RealInputTest, EveryPageOfNotionsExportIsThere) {
  std::vector<std::string> missing;
  for (const auto& [path, file] : Theirs()) {
    if (path.ends_with(".md") && !Ours().contains(path)) missing.push_back(path);
  }
  EXPECT_THAT(missing, IsEmpty());
}

TEST_F(RealInputTest, EveryWordOfNotionsExportIsThereInOrder) {
  for (const auto& [path, file] : Theirs()) {
    if (!path.ends_with(".md")) continue;
    EXPECT_THAT(LostLines(file.content, Page(path)), IsEmpty()) << path;
  }
}

TEST_F(RealInputTest, SyncedBlocksAreRepeatedWhereTheyStand) {
  const int places = CountRecorded("synced_block", "\"has_children\":true");
  EXPECT_EQ(places, 3);
  EXPECT_EQ(CountInRoot("This is synced."), places);
  EXPECT_EQ(CountInRoot("Create three of these synced blocks."), places);
}

TEST_F(RealInputTest, TableCellsKeepTheirFormatting) {
  const std::string& page = Page(kRoot + ".md");
  EXPECT_THAT(page, HasSubstr("[Person](https://de.wiktionary.org/wiki/sein)"));
  EXPECT_THAT(page, HasSubstr("| **ich** | bin |"));
  EXPECT_THAT(page, HasSubstr("[12](https://github.com/faetools/go-notion)"));
}

TEST_F(RealInputTest, BothAudioBlocksAreThere) {
  EXPECT_EQ(CountRecorded("audio", "caption"), 2);
  EXPECT_EQ(CountInRoot("[En-us-notion.ogg](https://"), 2);
}

TEST_F(RealInputTest, CaptionsOfCodeAreThere) {
  EXPECT_EQ(CountInRoot("It even has a caption"), 1);
}

// Of the cells of two CSV files of one database, by row and column. Notion lists files by the
// names of its local copies; a count of nothing is 0 in the API and empty in its export.
std::string Cell(const std::string& column, std::string value) {
  if (column == "files") {
    std::string names;
    for (std::size_t at = 0; at < value.size();) {
      const auto end = std::min(value.find(", ", at), value.size());
      const std::string url = value.substr(at, end - at);
      names += url.substr(url.rfind('/') + 1) + " ";
      at = end + 2;
    }
    return names;
  }
  if (column == "count of relations" && value == "0") return "";
  return Joined(VisibleWords(value));
}

// "NAME / TEXT / COLUMN" -> value; the two together tell the rows apart.
std::map<std::string, std::string> Cells(const std::string& csv) {
  const auto rows = ParseCsv(csv);
  const auto& header = rows.front();
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  std::map<std::string, std::string> cells;
  for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
    const std::string key = row->at(column("Name")) + " / " + row->at(column("Some text")) + " / ";
    for (std::size_t i = 0; i < header.size(); ++i) {
      cells[key + header[i]] = Cell(header[i], row->at(i));
    }
  }
  return cells;
}

TEST_F(RealInputTest, TheDatabaseHasTheRowsAndCellsOfNotionsExport) {
  const std::string path = kRoot + "/" + kDatabase + ".csv";
  const auto theirs = Cells(Theirs().at(path).content);
  auto ours = Cells(Page(path));
  EXPECT_EQ(ours.size(), theirs.size());
  for (const auto& [key, value] : theirs) {
    const bool rollup = key.ends_with("/ rollup date") || key.ends_with("/ rollup string");
    if (rollup) continue;
    const bool unset_status = key.ends_with("/ Status") && ours[key].empty();
    if (unset_status) continue;
    EXPECT_EQ(ours[key], value) << key;
  }
}

class RecordingTest : public ExportTest, public testing::WithParamInterface<std::string> {};

TEST_P(RecordingTest, IsExportedWithoutACrash) {
  const fs::path folder = kFixtures / GetParam();
  if (!fs::exists(folder)) GTEST_SKIP() << "no recording at " << folder;
  const SimProcess sim(kSimulator, {"replay", folder.string()});
  const Outcome outcome = exporter_.Export(sim, {"--set", "retry.base=10ms"});
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 3) << outcome.err;
  for (const auto& row : Query(exporter_.state(), "SELECT item, http_status FROM v_failures")) {
    EXPECT_GE(sim.CountStatus(std::stoi(row.at(1))), 1u) << row.at(0);
  }
}

INSTANTIATE_TEST_SUITE_P(Recordings, RecordingTest,
                         testing::Values("notion/faetools+go-notion-example",
                                         "derived/notion/orbit-love+notion-ruby-client",
                                         "derived/notion/ramnes+notion-sdk-py"),
                         [](const auto& test) {
                           std::string name = fs::path(test.param).filename();
                           std::erase_if(name, [](char c) { return !std::isalnum(c); });
                           return name;
                         });

}  // namespace
}  // namespace sluice
