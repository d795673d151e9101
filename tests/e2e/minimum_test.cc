// No avoidable request: what the log of an export may hold, judged by what the answers had given.
// The answers are had by asking the simulator again; the same question has the same answer.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/export_fixture.h"
#include "tests/support/http_call.h"

namespace sluice {
namespace {

using nlohmann::json;

std::string Path(const LogLine& line) { return line.path.substr(0, line.path.find('?')); }

// "/v1/blocks/ID/children" -> ID
std::string IdIn(const LogLine& line) {
  const std::string rest = line.path.substr(line.path.find('/', 4) + 1);
  return rest.substr(0, rest.find_first_of("/?"));
}

// The part behind "start_cursor", of a path or a body; empty: the first page is asked for.
std::string CursorIn(const LogLine& line) {
  if (!line.body.empty()) return json::parse(line.body).value("start_cursor", "");
  const auto at = line.path.find("start_cursor=");
  return at == std::string::npos ? "" : line.path.substr(at + 13);
}

// What the answers of an export told.
struct Knowledge {
  std::set<std::string> given_pages;     // whole page objects, by search and queries
  std::set<std::string> given_schemas;   // databases and data sources, likewise
  std::set<std::string> parents;         // blocks that have children of their own
  std::set<std::string> nameless_users;  // users of whom, somewhere, only the id was given
  std::set<std::string> long_values;     // "PAGE PROPERTY": values that a page object cuts short
  std::map<std::string, std::set<std::string>> cursors;  // by method and path
};

void LearnUsers(const json& value, Knowledge& known) {
  if (value.is_object() && value.value("object", "") == "user" && !value.contains("name")) {
    known.nameless_users.insert(value.at("id"));
  }
  if (value.is_structured()) {
    for (const json& part : value) LearnUsers(part, known);
  }
}

void LearnPage(const json& page, Knowledge& known) {
  known.given_pages.insert(page.at("id"));
  for (const json& property : page.at("properties")) {
    const json& value = property.at(property.at("type").get<std::string>());
    const bool full = value.is_array() && value.size() >= 25;
    if (full || property.value("has_more", false)) {
      known.long_values.insert(page.at("id").get<std::string>() + " " +
                               property.at("id").get<std::string>());
    }
  }
}

void LearnResult(const json& result, Knowledge& known) {
  const std::string object = result.value("object", "");
  const std::string type = result.value("type", "");
  if (object == "page") LearnPage(result, known);
  if (object == "database" || object == "data_source") {
    known.given_schemas.insert(result.at("id"));
  }
  if (object == "block" && result.value("has_children", false)) {
    // The children of these are documents, not blocks.
    const bool document = type == "child_page" || type == "child_database";
    if (!document) known.parents.insert(result.at("id"));
  }
}

class MinimumTest : public ExportTest {
 protected:
  // One export for all tests: it is only looked at.
  static void SetUpTestSuite() {
    sim_ = new SimProcess(kSimulator, {"notion", "--pages", "1000", "--blocks", "10"});
    Exporter exporter(kBinaries);
    const Outcome outcome = exporter.Export(*sim_);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    log_ = sim_->Log();
    for (const LogLine& line : log_) Learn(line);
  }
  static void TearDownTestSuite() {
    delete sim_;
    sim_ = nullptr;
  }

  static void Learn(const LogLine& line) {
    const HttpAnswer answer =
        Send({.method = line.method, .url = sim_->url() + line.path, .body = line.body});
    if (answer.status != 200) return;
    const json body = json::parse(answer.body);
    LearnUsers(body, known_);
    if (body.value("object", "") != "list") return;
    for (const json& result : body.at("results")) LearnResult(result, known_);
    if (body.at("next_cursor").is_string()) {
      known_.cursors[line.method + Path(line)].insert(body.at("next_cursor").get<std::string>());
    }
  }

  // Requests of `method` whose path begins with `prefix`.
  static std::vector<LogLine> Requests(std::string_view method, std::string_view prefix) {
    std::vector<LogLine> found;
    for (const LogLine& line : log_) {
      if (line.method == method && line.path.starts_with(prefix)) found.push_back(line);
    }
    return found;
  }

  static SimProcess* sim_;
  static std::vector<LogLine> log_;
  static Knowledge known_;
};

SimProcess* MinimumTest::sim_ = nullptr;
std::vector<LogLine> MinimumTest::log_;
Knowledge MinimumTest::known_;

TEST_F(MinimumTest, NoRequestIsSentTwice) {
  std::map<std::string, int> asked;
  for (const LogLine& line : log_) {
    EXPECT_EQ(++asked[line.method + " " + line.path + " " + line.body], 1) << line.path;
  }
}

TEST_F(MinimumTest, OnlyKindsOfRequestsThatAnExportNeedsAreSent) {
  const std::size_t expected =
      Requests("POST", "/v1/search").size() + Requests("POST", "/v1/data_sources/").size() +
      Requests("GET", "/v1/blocks/").size() + Requests("GET", "/v1/pages/").size() +
      Requests("GET", "/v1/databases/").size() + Requests("GET", "/v1/users/").size();
  EXPECT_EQ(log_.size(), expected);
}

TEST_F(MinimumTest, AListIsPagedByTheCursorsItGaveAndToItsEnd) {
  std::map<std::string, std::set<std::string>> followed;
  for (const LogLine& line : log_) {
    const std::string cursor = CursorIn(line);
    if (!cursor.empty()) followed[line.method + Path(line)].insert(cursor);
  }
  EXPECT_EQ(followed, known_.cursors);
}

TEST_F(MinimumTest, BlockListsAreAskedOfPagesAndOfBlocksThatHaveChildren) {
  std::set<std::string> asked;
  for (const LogLine& line : Requests("GET", "/v1/blocks/")) asked.insert(IdIn(line));
  std::set<std::string> exist = known_.parents;
  exist.insert(known_.given_pages.begin(), known_.given_pages.end());
  for (const LogLine& line : Requests("GET", "/v1/pages/")) exist.insert(IdIn(line));
  EXPECT_THAT(asked, testing::IsSubsetOf(exist));
  for (const std::string& page : known_.given_pages) EXPECT_TRUE(asked.contains(page)) << page;
}

TEST_F(MinimumTest, NoPageIsAskedForThatAListingGave) {
  for (const LogLine& line : Requests("GET", "/v1/pages/")) {
    if (line.path.find("/properties/") != std::string::npos) continue;
    EXPECT_FALSE(known_.given_pages.contains(IdIn(line))) << line.path;
  }
}

TEST_F(MinimumTest, OnlyValuesThatAPageCutsShortAreAskedFor) {
  std::set<std::string> asked;
  for (const LogLine& line : Requests("GET", "/v1/pages/")) {
    const auto at = line.path.find("/properties/");
    if (at == std::string::npos) continue;
    asked.insert(IdIn(line) + " " + Path(line).substr(at + 12));
  }
  EXPECT_FALSE(asked.empty());
  EXPECT_THAT(asked, testing::IsSubsetOf(known_.long_values));
}

TEST_F(MinimumTest, NoDatabaseIsAskedForThatAListingGave) {
  for (const LogLine& line : Requests("GET", "/v1/databases/")) {
    EXPECT_FALSE(known_.given_schemas.contains(IdIn(line))) << line.path;
    EXPECT_EQ(line.status, 404) << "a linked view is not shared: " << line.path;
  }
}

TEST_F(MinimumTest, OnlyUsersOfWhomNoNameWasGivenAreAskedFor) {
  for (const LogLine& line : Requests("GET", "/v1/users/")) {
    EXPECT_TRUE(known_.nameless_users.contains(IdIn(line))) << line.path;
  }
}

class SmallCacheTest : public ExportTest {};

// What is about to be rendered is not evicted: a run would fetch it for ever.
TEST_F(SmallCacheTest, ACacheThatHoldsNothingAsksForNothingTwice) {
  const SimProcess sim = Simulate({"--pages", "40", "--blocks", "10"});
  ASSERT_EQ(exporter_.Export(sim, {"--set", "cache.max_bytes=1kB"}).exit_code, 0);
  std::set<std::string> asked;
  for (const LogLine& line : sim.Log()) {
    EXPECT_TRUE(asked.insert(line.method + line.path + line.body).second) << line.path;
  }
}

}  // namespace
}  // namespace sluice
