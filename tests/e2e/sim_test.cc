// What the simulator promises to the tests that use it.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/support/http_call.h"
#include "tests/support/sanitized.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using nlohmann::json;

class SimTest : public testing::Test {
 protected:
  static constexpr const char* kBinary = SLUICE_BINARY_DIR "/sluice-sim";

  static HttpAnswer Get(const SimProcess& sim, const std::string& target) {
    return Send({.url = sim.url() + target});
  }
  static HttpAnswer Post(const SimProcess& sim, const std::string& target, const json& body) {
    return Send({.method = "POST", .url = sim.url() + target, .body = body.dump()});
  }
  // Every result of a list, all its pages.
  static std::vector<json> All(const SimProcess& sim, const std::string& target, json body) {
    std::vector<json> results;
    while (true) {
      const HttpAnswer answer = Post(sim, target, body);
      EXPECT_EQ(answer.status, 200) << answer.body;
      const json list = json::parse(answer.body);
      for (const json& result : list.at("results")) results.push_back(result);
      if (!list.at("has_more").get<bool>()) return results;
      body["start_cursor"] = list.at("next_cursor");
    }
  }
  static std::vector<json> Children(const SimProcess& sim, const std::string& id) {
    std::vector<json> blocks;
    std::string cursor;
    while (true) {
      const json list =
          json::parse(Get(sim, "/v1/blocks/" + id + "/children?page_size=100" + cursor).body);
      for (const json& block : list.at("results")) blocks.push_back(block);
      if (!list.at("has_more").get<bool>()) return blocks;
      cursor = "&start_cursor=" + list.at("next_cursor").get<std::string>();
    }
  }
  static std::set<std::string> Ids(const std::vector<json>& objects) {
    std::set<std::string> ids;
    for (const json& object : objects) ids.insert(object.at("id"));
    return ids;
  }
  // The ids of the subpages anywhere in a page or block.
  static void CollectSubpages(const SimProcess& sim, const std::string& id,
                              std::set<std::string>& subpages) {
    for (const json& block : Children(sim, id)) {
      if (block.at("type") == "child_page") {
        subpages.insert(block.at("id").get<std::string>());
      } else if (block.at("has_children").get<bool>()) {
        CollectSubpages(sim, block.at("id"), subpages);
      }
    }
  }
};

TEST_F(SimTest, SameSeedGivesTheSameBytes) {
  const SimProcess first(kBinary, {"notion", "--seed", "7"});
  const SimProcess second(kBinary, {"notion", "--seed", "7"});
  const SimProcess other(kBinary, {"notion", "--seed", "8"});
  const std::string body = Post(first, "/v1/search", json::object()).body;
  EXPECT_EQ(body, Post(second, "/v1/search", json::object()).body);
  EXPECT_NE(body, Post(other, "/v1/search", json::object()).body);
}

TEST_F(SimTest, PagesOfASearchCoverEveryListedPageOnce) {
  const SimProcess sim(kBinary, {"notion", "--pages", "500", "--databases", "3"});
  const std::vector<json> found = All(sim, "/v1/search", {{"page_size", 7}});
  EXPECT_EQ(Ids(found).size(), found.size());
  EXPECT_EQ(Ids(found), Ids(All(sim, "/v1/search", {{"page_size", 100}})));
}

TEST_F(SimTest, UnlistedPagesAreReachedThroughTheirParents) {
  const SimProcess sim(kBinary, {"notion", "--pages", "200"});
  const json only_pages = {{"filter", {{"property", "object"}, {"value", "page"}}}};
  const std::set<std::string> listed = Ids(All(sim, "/v1/search", only_pages));
  std::set<std::string> reached = listed;
  for (std::set<std::string> walked; walked.size() < reached.size();) {
    const std::set<std::string> known = reached;
    for (const std::string& id : known) {
      if (walked.insert(id).second) CollectSubpages(sim, id, reached);
    }
  }
  EXPECT_LT(listed.size(), 200u);
  EXPECT_EQ(reached.size(), 200u);
}

TEST_F(SimTest, EveryFifthPageIsARowOfADatabase) {
  const SimProcess sim(kBinary, {"notion", "--pages", "200", "--databases", "3"});
  const json sources = {{"filter", {{"property", "object"}, {"value", "data_source"}}}};
  std::set<std::string> rows;
  for (const json& source : All(sim, "/v1/search", sources)) {
    const std::string target = "/v1/data_sources/" + source.at("id").get<std::string>() + "/query";
    rows.merge(Ids(All(sim, target, {{"page_size", 9}})));
  }
  EXPECT_EQ(rows.size(), 40u);
}

TEST_F(SimTest, QueriesEndIncompleteAtTenThousandRows) {
  const SimProcess sim(kBinary, {"notion", "--pages", "60000", "--databases", "1"});
  const json sources = {{"filter", {{"property", "object"}, {"value", "data_source"}}}};
  const std::string id = All(sim, "/v1/search", sources).front().at("id");
  json body = {{"page_size", 100}, {"sorts", {{{"timestamp", "created_time"}}}}};
  json list;
  std::vector<json> rows;
  do {
    list = json::parse(Post(sim, "/v1/data_sources/" + id + "/query", body).body);
    for (const json& row : list.at("results")) rows.push_back(row);
    body["start_cursor"] = list.at("next_cursor");
  } while (list.at("has_more").get<bool>());
  EXPECT_EQ(rows.size(), 10'000u);
  EXPECT_EQ(list.at("request_status").at("incomplete_reason"), "query_result_limit_reached");
  const json rest = {{"timestamp", "created_time"},
                     {"created_time", {{"on_or_after", rows.back().at("created_time")}}}};
  const std::vector<json> second =
      All(sim, "/v1/data_sources/" + id + "/query", {{"filter", rest}});
  std::set<std::string> all = Ids(rows);
  all.merge(Ids(second));
  EXPECT_EQ(all.size(), 12'000u);
}

TEST_F(SimTest, EditsAreNewerRevisionsOfThatManyPages) {
  const SimProcess before(kBinary, {"notion"});
  const SimProcess after(kBinary, {"notion", "--edit", "12"});
  std::map<std::string, std::string> revisions;
  for (const json& page : All(before, "/v1/search", json::object())) {
    revisions[page.at("id")] = page.at("last_edited_time");
  }
  int changed = 0;
  for (const json& page : All(after, "/v1/search", json::object())) {
    const std::string& was = revisions.at(page.at("id"));
    changed += page.at("last_edited_time").get<std::string>() > was ? 1 : 0;
  }
  // An edited page may be one that search does not list.
  EXPECT_GE(changed, 10);
  EXPECT_LE(changed, 12);
}

TEST_F(SimTest, EditedPagesHaveAChangedBlock) {
  const SimProcess before(kBinary, {"notion", "--pages", "300"});
  const SimProcess after(kBinary, {"notion", "--pages", "300", "--edit", "20"});
  // The newest revisions come first.
  const json newest = json::parse(Post(after, "/v1/search", {{"page_size", 10}}).body);
  for (const json& page : newest.at("results")) {
    const std::string id = page.at("id");
    EXPECT_EQ(page.at("last_edited_time").get<std::string>().substr(0, 7), "2025-09");
    EXPECT_NE(Children(before, id), Children(after, id)) << id;
  }
}

TEST_F(SimTest, PagesOfLongPropertiesHoldWhatThePageObjectLeavesOut) {
  const SimProcess sim(kBinary, {"notion", "--databases", "1"});
  int truncated = 0;
  for (const json& page : All(sim, "/v1/search", json::object())) {
    const json& properties = page.at("properties");
    if (!properties.contains("Related") || page.at("object") != "page") continue;
    const json& relation = properties.at("Related");
    if (!relation.at("has_more").get<bool>()) continue;
    ++truncated;
    EXPECT_EQ(relation.at("relation").size(), 25u);
    const std::string target = "/v1/pages/" + page.at("id").get<std::string>() + "/properties/" +
                               relation.at("id").get<std::string>();
    const json first = json::parse(Get(sim, target).body);
    EXPECT_EQ(first.at("results").size(), 100u);
    EXPECT_EQ(first.at("property_item").at("type"), "relation");
    const std::string cursor = first.at("next_cursor");
    const json second = json::parse(Get(sim, target + "?start_cursor=" + cursor).body);
    EXPECT_EQ(second.at("results").size(), 30u);
  }
  EXPECT_EQ(truncated, 10);
}

TEST_F(SimTest, ClassicVersionHasDatabasesWithTheirSchema) {
  const SimProcess sim(kBinary, {"notion", "--pages", "50"});
  HttpCall search{.method = "POST", .url = sim.url() + "/v1/search", .version = "2022-06-28"};
  search.body = R"({"filter":{"property":"object","value":"database"}})";
  const json list = json::parse(Send(search).body);
  EXPECT_EQ(list.at("type"), "page_or_database");
  ASSERT_EQ(list.at("results").size(), 5u);
  for (const json& database : list.at("results")) {
    EXPECT_TRUE(database.at("properties").contains("Name"));
    EXPECT_FALSE(database.contains("data_sources"));
  }
}

TEST_F(SimTest, DeletedPagesAreNowhere) {
  const SimProcess before(kBinary, {"notion"});
  const SimProcess after(kBinary, {"notion", "--delete", "9"});
  const std::set<std::string> was = Ids(All(before, "/v1/search", json::object()));
  const std::set<std::string> now = Ids(All(after, "/v1/search", json::object()));
  std::vector<std::string> gone;
  std::ranges::set_difference(was, now, std::back_inserter(gone));
  ASSERT_EQ(gone.size(), 9u);
  for (const std::string& id : gone) {
    EXPECT_EQ(Get(after, "/v1/pages/" + id).status, 404);
    EXPECT_EQ(Get(after, "/v1/blocks/" + id + "/children").status, 404);
  }
}

struct ErrorCase {
  std::string name;
  HttpCall call;  // url: the target only
  int status;
  std::string code;
};

class SimErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(SimErrorTest, AnswersAsTheApiDoes) {
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim", {"notion", "--pages", "10"});
  HttpCall call = GetParam().call;
  call.url = sim.url() + call.url;
  const HttpAnswer answer = Send(call);
  EXPECT_EQ(answer.status, GetParam().status);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body.at("object"), "error");
  EXPECT_EQ(body.at("status"), GetParam().status);
  EXPECT_EQ(body.at("code"), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, SimErrorTest,
    testing::Values(
        ErrorCase{"NoToken", {.url = "/v1/users", .token = ""}, 401, "unauthorized"},
        ErrorCase{"WrongToken", {.url = "/v1/users", .token = "bad"}, 401, "unauthorized"},
        ErrorCase{"NoVersion", {.url = "/v1/users", .version = ""}, 400, "missing_version"},
        ErrorCase{
            "WrongVersion", {.url = "/v1/users", .version = "newest"}, 400, "validation_error"},
        ErrorCase{"WrongPath", {.url = "/v1/nothing"}, 400, "invalid_request_url"},
        ErrorCase{"NoUuid",
                  {.url = "/v1/pages/12345678-1234-1234-1234-123456789abc"},
                  400,
                  "validation_error"},
        ErrorCase{"ForeignId",
                  {.url = "/v1/pages/11111111-1111-4111-8111-111111111111"},
                  404,
                  "object_not_found"},
        ErrorCase{"PageSizeOver100", {.url = "/v1/users?page_size=101"}, 400, "validation_error"},
        ErrorCase{"BadCursor", {.url = "/v1/users?start_cursor=x"}, 400, "validation_error"},
        ErrorCase{
            "BadJson", {.method = "POST", .url = "/v1/search", .body = "{"}, 400, "invalid_json"}),
    [](const auto& error_case) { return error_case.param.name; });

// Answers to GET /v1/users under one fault.
class SimFaultTest : public testing::Test {
 protected:
  static HttpAnswer Users(const std::string& fault, HttpCall call = {}) {
    const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim",
                         {"notion", "--pages", "10", "--fault", fault});
    call.url = sim.url() + "/v1/users";
    return Send(call);
  }
};

TEST_F(SimFaultTest, ErrorsCarryTheirStatus) {
  EXPECT_EQ(Users("429").headers.at("retry-after"), "1");
  EXPECT_FALSE(Users("429-no-header").headers.contains("retry-after"));
  EXPECT_EQ(Users("429-no-header").status, 429);
  EXPECT_EQ(Users("500").status, 500);
  EXPECT_EQ(Users("502-html").headers.at("content-type"), "text/html");
  EXPECT_EQ(Users("503").status, 503);
  EXPECT_EQ(Users("529").headers.at("retry-after"), "1");
}

TEST_F(SimFaultTest, ResetIsAConnectionReset) {
  const HttpAnswer answer = Users("reset");
  EXPECT_EQ(answer.curl_code, CURLE_RECV_ERROR);
}

TEST_F(SimFaultTest, TruncatedBodiesAreShorterThanTheirLength) {
  const HttpAnswer answer = Users("truncate");
  EXPECT_EQ(answer.curl_code, CURLE_PARTIAL_FILE);
  EXPECT_LT(answer.body.size(), std::stoul(answer.headers.at("content-length")));
}

TEST_F(SimFaultTest, SlowBodiesDrip) {
  const HttpAnswer answer = Users("slow", {.timeout_ms = 1800});
  EXPECT_EQ(answer.curl_code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_GE(answer.body.size(), 1u);
  EXPECT_LE(answer.body.size(), 4u);
}

TEST_F(SimFaultTest, BadJsonIsCutButComesWhole) {
  const HttpAnswer answer = Users("bad-json");
  EXPECT_EQ(answer.curl_code, CURLE_OK);
  EXPECT_TRUE(json::parse(answer.body, nullptr, false).is_discarded());
}

TEST_F(SimFaultTest, GzipBombUnpacksToMoreThanItsSize) {
  EXPECT_LT(Users("gzip-bomb").body.size(), std::size_t{2} << 20);
  EXPECT_EQ(Users("gzip-bomb", {.unpack = true}).curl_code, CURLE_WRITE_ERROR);
}

TEST_F(SimFaultTest, DeepJsonNestsAHundredThousandLevels) {
  EXPECT_NE(Users("deep-json").body.find(std::string(100'000, '[')), std::string::npos);
}

TEST_F(SimFaultTest, CursorLoopLeadsBackToTheBeginning) {
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim",
                       {"notion", "--pages", "10", "--fault", "cursor-loop"});
  const json first = json::parse(Send({.url = sim.url() + "/v1/users"}).body);
  const std::string cursor = first.at("next_cursor");
  const json second =
      json::parse(Send({.url = sim.url() + "/v1/users?start_cursor=" + cursor}).body);
  EXPECT_EQ(second.at("next_cursor"), cursor);
  EXPECT_EQ(second.at("results"), first.at("results"));
}

TEST_F(SimFaultTest, ClampAndShortPagesGiveFewerThanAsked) {
  const json clamped = json::parse(Users("clamp").body);
  EXPECT_EQ(clamped.at("results").size(), 25u);
  EXPECT_TRUE(clamped.at("has_more").get<bool>());
  const json shortened = json::parse(Users("short-page").body);
  EXPECT_LT(shortened.at("results").size(), 100u);
  EXPECT_TRUE(shortened.at("has_more").get<bool>());
}

TEST_F(SimFaultTest, AfterSoManyRequestsTheTokenIsInvalid) {
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim",
                       {"notion", "--pages", "10", "--fault", "401-after:2"});
  for (const int status : {200, 200, 401}) {
    EXPECT_EQ(Send({.url = sim.url() + "/v1/users"}).status, status);
  }
}

TEST_F(SimFaultTest, ARetriedRequestMaySucceed) {
  const SimProcess sim(SLUICE_BINARY_DIR "/sluice-sim",
                       {"notion", "--pages", "10", "--fault", "500:0.5"});
  std::set<int> statuses;
  for (int i = 0; i < 20; ++i) statuses.insert(Send({.url = sim.url() + "/v1/users"}).status);
  EXPECT_EQ(statuses, (std::set<int>{200, 500}));
}

TEST_F(SimTest, AboveTheRateRequestsAreRefusedWithATime) {
  const SimProcess sim(kBinary, {"notion", "--rate", "0.2", "--burst", "2"});
  EXPECT_EQ(Get(sim, "/v1/users").status, 200);
  EXPECT_EQ(Get(sim, "/v1/users").status, 200);
  const HttpAnswer refused = Get(sim, "/v1/users");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("retry-after"), "5");
  EXPECT_EQ(sim.CountStatus(429), 1u);
}

TEST_F(SimTest, LogHasOneLineForEachRequest) {
  const SimProcess sim(kBinary, {"notion", "--pages", "10"});
  Get(sim, "/v1/users?page_size=3");
  Post(sim, "/v1/search", {{"page_size", 5}});
  const std::vector<LogLine> log = sim.Log();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].path, "/v1/users?page_size=3");
  EXPECT_EQ(log[1].body, R"({"page_size":5})");
  EXPECT_EQ(sim.Count("POST", "/v1/search"), 1u);
}

TEST_F(SimTest, SigtermEndsItWithCodeZero) {
  SimProcess sim(kBinary, {"notion", "--pages", "10"});
  EXPECT_EQ(sim.Stop(), 0);
}

TEST_F(SimTest, AMillionPagesTakeNoMemory) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps what is freed";
  const SimProcess sim(kBinary, {"notion", "--pages", "1000000"});
  json body = {{"page_size", 100}};
  for (int i = 0; i < 20; ++i) {
    const json list = json::parse(Post(sim, "/v1/search", body).body);
    for (const json& found : list.at("results")) {
      Get(sim, "/v1/blocks/" + found.at("id").get<std::string>() + "/children");
    }
    body["start_cursor"] = list.at("next_cursor");
  }
  EXPECT_LT(sim.ResidentBytes(), 100 << 20);
}

TEST_F(SimTest, AnswersTwoHundredConnectionsAtOnce) {
  const SimProcess sim(kBinary, {"notion", "--pages", "10", "--latency", "300ms"});
  std::vector<std::jthread> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back([&] { Get(sim, "/v1/users/me"); });
  clients.clear();
  EXPECT_EQ(sim.CountStatus(200), 200u);
}

TEST_F(SimTest, UnknownFaultsAreRefused) {
  EXPECT_THROW(SimProcess(kBinary, {"notion", "--fault", "earthquake"}), std::runtime_error);
}

// A recorded workspace of one page, in the layout of a tree of bodies.
class SimReplayTest : public SimTest {
 protected:
  static constexpr const char* kPage = "11111111-1111-4111-8111-111111111111";
  static constexpr const char* kOther = "22222222-2222-4222-8222-222222222222";

  SimReplayTest() {
    for (const char* name : {"pages", "blocks", "search"}) {
      std::filesystem::create_directories(folder_.path() / "api" / name);
    }
    const json page = {{"object", "page"}, {"id", kPage}};
    const json other = {{"object", "page"}, {"id", kOther}};
    Write("api/pages/" + std::string(kPage) + ".json", page);
    Write("api/blocks/" + std::string(kPage) + ".children.json", List({{{"id", "b"}}}));
    Write("api/search/one.json", List({page, other}));
    Write("api/search/two.json", List({other}));
  }
  static json List(const json& results) {
    return {{"object", "list"},
            {"results", results},
            {"next_cursor", nullptr},
            {"has_more", false},
            {"type", "block"}};
  }
  void Write(const std::string& name, const json& body) const {
    WriteFile(folder_ / name, body.dump());
  }

  TempDir folder_;
};

TEST_F(SimReplayTest, SearchFindsTheUnionOfAllRecordedSearches) {
  const SimProcess sim(kBinary, {"replay", folder_.path().string()});
  EXPECT_EQ(Ids(All(sim, "/v1/search", {{"page_size", 1}})),
            (std::set<std::string>{kPage, kOther}));
}

TEST_F(SimReplayTest, RecordedBodiesComeAsTheyAre) {
  const SimProcess sim(kBinary, {"replay", folder_.path().string()});
  const std::string hex = "11111111111141118111111111111111";
  EXPECT_EQ(Get(sim, "/v1/pages/" + hex).body,
            ReadFile(folder_ / ("api/pages/" + std::string(kPage) + ".json")));
  EXPECT_EQ(Children(sim, kPage).size(), 1u);
}

TEST_F(SimReplayTest, WhatWasNotRecordedIsNotFound) {
  const SimProcess sim(kBinary, {"replay", folder_.path().string()});
  const HttpAnswer answer = Get(sim, "/v1/pages/" + std::string(kOther));
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(json::parse(answer.body).at("message").get<std::string>().find(kOther),
            std::string::npos);
}

TEST_F(SimTest, ReplayGivesBackARecordedWorkspaceByteForByte) {
  namespace fs = std::filesystem;
  const fs::path workspace =
      SLUICE_SOURCE_DIR "/../shared/fixtures/notion/faetools+go-notion-example";
  if (!fs::exists(workspace)) GTEST_SKIP() << "no recorded workspace at " << workspace;
  const SimProcess sim(kBinary, {"replay", workspace.string()});
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(workspace / "api")) {
    std::string name = fs::relative(entry.path(), workspace / "api").replace_extension().string();
    if (!entry.is_regular_file() || name.starts_with("search")) continue;
    const auto dot = name.find('.');
    if (dot != std::string::npos) name[dot] = '/';
    const HttpAnswer answer = name.ends_with("/query") ? Post(sim, "/v1/" + name, json::object())
                                                       : Get(sim, "/v1/" + name);
    EXPECT_EQ(answer.body, ReadFile(entry.path())) << name;
    ++compared;
  }
  EXPECT_GT(compared, 300);
}

TEST_F(SimReplayTest, ExchangesComeInTheirOrderAndTheLastOneStays) {
  const std::filesystem::path folder = folder_.path() / "recorded";
  std::filesystem::create_directories(folder);
  std::string lines;
  for (const char* name : {"a", "b"}) {
    WriteFile(folder / name, std::string("\"") + name + "\"");
    lines += json({{"method", "POST"},
                   {"uri", "https://api.notion.com/v1/search"},
                   {"req_body", R"({"page_size":2,"query":"x"})"},
                   {"status", 200},
                   {"resp_headers", {{"x-name", {name}}}},
                   {"body_file", std::string("recorded/") + name}})
                 .dump() +
             "\n";
  }
  WriteFile(folder / "exchanges.jsonl", lines);
  const SimProcess sim(kBinary, {"replay", folder.string()});
  const json body = {{"query", "x"}, {"page_size", 2}};
  for (const char* expected : {"\"a\"", "\"b\"", "\"b\""}) {
    const HttpAnswer answer = Post(sim, "/v1/search", body);
    EXPECT_EQ(answer.body, expected);
    EXPECT_EQ("\"" + answer.headers.at("x-name") + "\"", expected);
  }
}

}  // namespace
}  // namespace sluice
