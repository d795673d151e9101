// The jobs in pipeline/jobs/, run as they are against servers that answer as the APIs do: from what
// was recorded where that is at hand, else from a few answers in the API's own shape.
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"
#include "tests/support/scripted_api.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

const fs::path kRecorded = SLUICE_SOURCE_DIR "/../shared/fixtures/other/meltano+sdk/.http_cache";

bool Has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

class ReadyJobsTest : public ExportTest {
 protected:
  void SetUp() override {
    for (const char* name : {"GITHUB_TOKEN", "GITLAB_TOKEN"}) {
      setenv(name, "simulated", 1);  // NOLINT(concurrency-mt-unsafe)
    }
  }
  Outcome Run(const std::string& job, const ScriptedApi& api) {
    return exporter_.Run({"run", SLUICE_SOURCE_DIR "/pipeline/jobs/" + job + ".toml", "--out",
                          exporter_.output(), "--base-url", api.url() + path_, "--tpslimit", "0"});
  }
  std::string File(const std::string& name) { return exporter_.Output()[name].content; }
  std::size_t Lines(const std::string& name) {
    const std::string text = File(name);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  std::string path_;  // of the API's address
};

std::string Issue(int number, const std::string& updated) {
  return json({{"id", 1000 + number},
               {"number", number},
               {"title", "Issue " + std::to_string(number)},
               {"state", "open"},
               {"user", {{"login", "octocat"}}},
               {"updated_at", updated}})
      .dump();
}

TEST_F(ReadyJobsTest, GithubIssuesComeWithTheirCommentsAndThenOnlyTheChanged) {
  std::string self;
  const ScriptedApi api([&](const std::string& target) -> ScriptedApi::Answer {
    if (Has(target, "/comments")) {
      const bool first = Has(target, "/issues/1/");
      return {first ? R"([{"id": 5001, "body": "First!"}])" : "[]"};
    }
    if (Has(target, "since=")) return {"[" + Issue(3, "2026-03-03T00:00:00Z") + "]"};
    if (Has(target, "page=2")) return {"[" + Issue(3, "2026-03-03T00:00:00Z") + "]"};
    return {"[" + Issue(1, "2026-01-01T00:00:00Z") + "," + Issue(2, "2026-02-02T00:00:00Z") + "]",
            "Link: <" + self + target + "&page=2>; rel=\"next\"\r\n"};
  });
  self = api.url();
  const Outcome first = Run("github_issues", api);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(Lines("issues.jsonl"), 3u);
  EXPECT_EQ(File("comments.jsonl"), "{\"id\":5001,\"body\":\"First!\",\"_issues_number\":1}\n");
  EXPECT_THAT(api.heads()[0], HasSubstr("X-GitHub-Api-Version: 2022-11-28"));
  EXPECT_THAT(api.heads()[0], HasSubstr("Authorization: Bearer simulated"));

  const std::size_t asked = api.heads().size();
  const Outcome second = Run("github_issues", api);
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(api.heads()[asked], HasSubstr("since=2026-03-03T00%3A00%3A00Z"));
  EXPECT_EQ(Lines("issues.jsonl"), 3u);
}

TEST_F(ReadyJobsTest, GitlabProjectsAreReadByKeyset) {
  std::string self;
  path_ = "/api/v4";
  const ScriptedApi api([&](const std::string& target) -> ScriptedApi::Answer {
    if (Has(target, "id_after=2"))
      return {R"([{"id": 7, "name": "c", "namespace": {"path": "g"}}])"};
    return {R"([{"id": 1, "name": "a", "namespace": {"path": "g"}}, {"id": 2, "name": "b"}])",
            "Link: <" + self +
                "/api/v4/projects?id_after=2&order_by=id&pagination=keyset"
                "&per_page=100&sort=asc>; rel=\"next\"\r\n"};
  });
  self = api.url();
  const Outcome outcome = Run("gitlab_projects", api);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(api.heads()[0], HasSubstr("pagination=keyset"));
  EXPECT_EQ(Query(exporter_.output() / "export.db", "SELECT id, name FROM projects ORDER BY id"),
            (Rows{{"1", "a"}, {"2", "b"}, {"7", "c"}}));
}

TEST_F(ReadyJobsTest, RickAndMortyIsReadByPageNumberAndNoPageTooMany) {
  const ScriptedApi api([](const std::string& target) -> ScriptedApi::Answer {
    const int page = Has(target, "page=2") ? 2 : 1;
    const json body = {
        {"info", {{"count", 3}, {"pages", 2}, {"next", nullptr}, {"prev", nullptr}}},
        {"results",
         page == 1 ? json::array(
                         {{{"id", 1}, {"name", "Rick Sanchez"}, {"origin", {{"name", "Earth"}}}},
                          {{"id", 2}, {"name", "Morty Smith"}, {"origin", {{"name", "unknown"}}}}})
                   : json::array({{{"id", 3}, {"name", "Summer Smith"}}})}};
    return {body.dump()};
  });
  const Outcome outcome = Run("rickandmorty", api);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(File("characters.csv"),
              HasSubstr("id,name,status,species,gender,origin,location,created\r\n"
                        "1,Rick Sanchez,,,,Earth,,\r\n"));
  EXPECT_EQ(Lines("characters.csv"), 4u);
  EXPECT_EQ(api.heads().size(), 4u) << "two pages of two resources";
}

// A list that gives fewer records than it declared is short, and the run says so.
TEST_F(ReadyJobsTest, APageThatIsMissingIsNoticed) {
  const ScriptedApi api([](const std::string&) -> ScriptedApi::Answer {
    return {R"({"info": {"count": 5, "pages": 1}, "results": [{"id": 1, "name": "Rick"}]})"};
  });
  const Outcome outcome = Run("rickandmorty", api);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("5"));
}

// A recorded answer: by its path, and the page or offset that it is of.
struct Recorded {
  std::string path;
  std::string page;
  ScriptedApi::Answer answer;
};

std::string Param(const std::string& target, const std::string& name) {
  for (const char* before : {"?", "&"}) {
    const auto at = target.find(before + name + "=");
    if (at == target.npos) continue;
    const auto begin = at + 2 + name.size();
    return target.substr(begin, target.find('&', begin) - begin);
  }
  return "";
}

std::vector<Recorded> ReadRecorded(const std::string& host, const std::string& page_param) {
  std::vector<Recorded> all;
  for (const auto& entry : fs::directory_iterator(kRecorded)) {
    std::ifstream in(entry.path());
    const json exchange = json::parse(in);
    const std::string url = exchange.at("url");
    if (!url.starts_with(host)) continue;
    const std::string target = url.substr(host.size());
    Recorded recorded{.path = target.substr(0, target.find('?')),
                      .page = Param(target, page_param),
                      .answer = {.body = exchange.at("_decoded_content").dump()}};
    for (const auto& [name, value] : exchange.at("headers").items()) {
      if (name == "Link" || name == "link" || name == "x-total" || name == "X-Total") {
        recorded.answer.headers += name + ": " + value.get<std::string>() + "\r\n";
      }
    }
    all.push_back(std::move(recorded));
  }
  return all;
}

TEST_F(ReadyJobsTest, GitlabCommitsAsTheyWereRecorded) {
  if (!fs::exists(kRecorded)) GTEST_SKIP() << "no recorded traffic";
  const auto recorded = ReadRecorded("https://gitlab.com", "page");
  ScriptedApi* self = nullptr;
  ScriptedApi api([&](const std::string& target) -> ScriptedApi::Answer {
    const std::string path = target.substr(0, target.find('?'));
    for (const Recorded& one : recorded) {
      if (one.path != path || one.page != Param(target, "page")) continue;
      return {one.answer.body, self->Here(one.answer.headers, "https://gitlab.com")};
    }
    return {"{}", "", "404 Not Found"};
  });
  self = &api;
  path_ = "/api/v4";
  const Outcome outcome = Run("gitlab_commits", api);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(api.heads().size(), 8u) << "seven pages of commits, one of releases";
  const Rows rows =
      Query(exporter_.state(), "SELECT collection, rows FROM v_collections ORDER BY collection");
  EXPECT_EQ(rows, (Rows{{"commits", "134"}, {"releases", "3"}}));
  EXPECT_THAT(File("commits.csv"),
              testing::StartsWith("id,created_at,author_name,title,stats__additions,"
                                  "stats__deletions\r\n"));
}

TEST_F(ReadyJobsTest, DummyjsonProductsAsTheyWereRecorded) {
  if (!fs::exists(kRecorded)) GTEST_SKIP() << "no recorded traffic";
  const auto recorded = ReadRecorded("https://dummyjson.com", "skip");
  const ScriptedApi api([&](const std::string& target) -> ScriptedApi::Answer {
    for (const Recorded& one : recorded) {
      if (one.page != Param(target, "skip")) continue;
      // Three pages of the eight were recorded.
      json body = json::parse(one.answer.body);
      body["total"] = 75;
      return {body.dump()};
    }
    return {"{}", "", "404 Not Found"};
  });
  const Outcome outcome = Run("dummyjson_products", api);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Lines("products.jsonl"), 75u);
  EXPECT_EQ(api.heads().size(), 3u);
}

}  // namespace
}  // namespace sluice
