// What a job file says about a REST API.
#include "pipeline/rest_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/job.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using rest::Action;
using rest::Paginator;
using rest::Resource;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// 5 lines.
constexpr const char* kHead =
    "[job]\nsource = \"rest\"\noutput = \"./out\"\n[client]\nbase_url = \"https://api.test/v1\"\n";
constexpr const char* kSecret = "SECRET4711";

class RestJobTest : public testing::Test {
 protected:
  Result<Job> Load(const std::string& body, std::vector<Setting> flags = {}) {
    WriteFile(folder_ / "api.toml", kHead + body);
    return LoadJob({.file = folder_ / "api.toml", .flags = std::move(flags)});
  }
  RestJob Loaded(const std::string& body, std::vector<Setting> flags = {}) {
    auto job = Load(body, std::move(flags));
    EXPECT_TRUE(job) << job.error().message;
    return job ? job->rest : RestJob{};
  }
  // The one resource "r" with `keys` of its own.
  Resource Of(const std::string& keys) {
    const RestJob job = Loaded("[[resources]]\nname = \"r\"\n" + keys);
    return job.spec.resources.empty() ? Resource{} : job.spec.resources[0];
  }
  Resource OfEndpoint(const std::string& keys) {
    return Of("[resources.endpoint]\npath = \"r\"\n" + keys);
  }
  std::string Refusal(const std::string& body) {
    const auto job = Load(body);
    EXPECT_FALSE(job) << "was accepted: " << body;
    if (job) return "";
    EXPECT_EQ(job.error().code, Code::kUsage);
    return job.error().message;
  }
  std::string RefusalOf(const std::string& keys) {
    return Refusal("[[resources]]\nname = \"r\"\n" + keys);
  }
  std::string RefusalOfEndpoint(const std::string& keys) {
    return RefusalOf("[resources.endpoint]\npath = \"r\"\n" + keys);
  }
  std::string At(int line) { return (folder_ / "api.toml").string() + ":" + std::to_string(line); }

  TempDir folder_;
};

std::vector<std::string> Texts(const std::vector<rest::NamedValue>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(value.name + "=" + value.value);
  return texts;
}

TEST_F(RestJobTest, AResourceIsItsNameUnlessItSaysMore) {
  const Resource resource = Of("");
  EXPECT_EQ(resource.path, "r");
  EXPECT_EQ(resource.table_name, "r");
  EXPECT_EQ(resource.method, "GET");
  EXPECT_EQ(resource.paginator.type, Paginator::Type::kAuto);
  EXPECT_EQ(resource.write_disposition, Disposition::kReplace);
  EXPECT_FALSE(resource.data_selector);
}

TEST_F(RestJobTest, AnEndpointMayBeAPathAlone) {
  EXPECT_EQ(Of("endpoint = \"some/path\"\n").path, "some/path");
}

TEST_F(RestJobTest, EveryKeyOfTheDocumentedExampleIsRead) {
  const RestJob job = Loaded(R"(
headers  = { trakt-api-version = "2", trakt-api-key = "env:TRAKT_CLIENT_ID" }
auth     = { type = "oauth2_refresh", token_refresh_endpoint = "https://api.test/oauth/token", refresh_token = "file:/run/trakt" }
[client.api_budget]
policies = [ { type = "fixed_window", period = "PT5M", call_limit = 1000 } ]
[resource_defaults.endpoint.error_handler]
max_retries = 5
response_filters = [ { http_codes = [429, 529], action = "rate_limited" }, { http_codes = [404], action = "ignore" } ]
backoff_strategies = [ { type = "wait_time_from_header", header = "Retry-After" } ]
[[resources]]
name = "history"
primary_key = "id"
write_disposition = "merge"
partitions = { cursor_field = "kind", values = ["movies", "shows"] }
concurrency = { default = 4, max = 8 }
[resources.endpoint]
path = "sync/history/{partition.kind}"
params = { limit = 100, extended = "full" }
data_selector = "$[*]"
paginator = { type = "page_number", base_page = 1, page_param = "page", total_header = "X-Pagination-Page-Count" }
incremental = { cursor_path = "watched_at", start_param = "start_at", lookback_window = "P2D" }
[resources.output]
format = "jsonl"
fields = ["id", "watched_at", "movie.title"]
)");
  EXPECT_THAT(Texts(job.spec.headers),
              ElementsAre("trakt-api-key=env:TRAKT_CLIENT_ID", "trakt-api-version=2"));
  EXPECT_EQ(job.auth.type, RestAuth::Type::kOauth2Refresh);
  EXPECT_NEAR(job.spec.requests_per_second, 1000.0 / 300, 0.05);
  EXPECT_EQ(job.read_attempts, 6);
  ASSERT_EQ(job.spec.resources.size(), 1u);
  const Resource& history = job.spec.resources[0];
  EXPECT_THAT(history.primary_key, ElementsAre("id"));
  EXPECT_EQ(history.write_disposition, Disposition::kMerge);
  EXPECT_THAT(history.partitions.values, ElementsAre("movies", "shows"));
  EXPECT_EQ(history.concurrency, 8);
  EXPECT_EQ(history.path, "sync/history/{partition.kind}");
  EXPECT_THAT(Texts(history.params), ElementsAre("extended=full", "limit=100"));
  EXPECT_EQ(history.data_selector, "$[*]");
  EXPECT_EQ(history.paginator.type, Paginator::Type::kPageNumber);
  EXPECT_EQ(history.paginator.base_page, 1);
  EXPECT_EQ(history.paginator.total_header, "X-Pagination-Page-Count");
  EXPECT_EQ(history.incremental.cursor_path, "watched_at");
  EXPECT_EQ(history.incremental.lag, 48h);
  ASSERT_EQ(history.error_handler.response_filters.size(), 2u);
  EXPECT_EQ(history.error_handler.response_filters[0].action, Action::kRateLimited);
  ASSERT_EQ(history.error_handler.backoff_strategies.size(), 1u);
  EXPECT_EQ(history.error_handler.backoff_strategies[0].header, "Retry-After");
  EXPECT_THAT(history.output.fields, ElementsAre("id", "watched_at", "movie.title"));
}

// --- defaults ---

TEST_F(RestJobTest, DefaultsLieUnderEachResourceKeyByKey) {
  const RestJob job = Loaded(R"([resource_defaults]
write_disposition = "append"
[resource_defaults.endpoint]
params = { per_page = 100, sort = "id" }
[[resources]]
name = "a"
[resources.endpoint]
params = { sort = "name" }
[[resources]]
name = "b"
write_disposition = "replace"
)");
  ASSERT_EQ(job.spec.resources.size(), 2u);
  EXPECT_THAT(Texts(job.spec.resources[0].params), ElementsAre("sort=name", "per_page=100"));
  EXPECT_THAT(Texts(job.spec.resources[1].params), ElementsAre("per_page=100", "sort=id"));
  EXPECT_EQ(job.spec.resources[0].write_disposition, Disposition::kAppend);
  EXPECT_EQ(job.spec.resources[1].write_disposition, Disposition::kReplace);
}

TEST_F(RestJobTest, TheDefaultsHoldForAnEndpointInShortAsWell) {
  const RestJob job = Loaded(
      "[resource_defaults.endpoint]\nparams = { per_page = 100 }\n"
      "[[resources]]\nname = \"r\"\nendpoint = \"x\"\n");
  EXPECT_EQ(job.spec.resources[0].path, "x");
  EXPECT_THAT(Texts(job.spec.resources[0].params), ElementsAre("per_page=100"));
}

TEST_F(RestJobTest, ThePaginatorOfTheEndpointGoesBeforeTheDefaultsAndThoseBeforeTheClients) {
  const std::string client = "paginator = \"offset\"\n";
  const std::string defaults = "[resource_defaults.endpoint]\npaginator = \"cursor\"\n";
  const auto type = [&](const std::string& body) {
    return Loaded(body).spec.resources[0].paginator.type;
  };
  EXPECT_EQ(type(client + "[[resources]]\nname = \"r\"\n"), Paginator::Type::kOffset);
  EXPECT_EQ(type(client + defaults + "[[resources]]\nname = \"r\"\n"), Paginator::Type::kCursor);
  EXPECT_EQ(type(client + defaults +
                 "[[resources]]\nname = \"r\"\nendpoint = { paginator = \"single_page\" }\n"),
            Paginator::Type::kSinglePage);
}

TEST_F(RestJobTest, APaginatorOfAnotherTypeTakesNothingFromTheDefaults) {
  const RestJob job = Loaded(
      "[resource_defaults.endpoint]\npaginator = { type = \"page_number\", base_page = 1 }\n"
      "[[resources]]\nname = \"r\"\n"
      "endpoint = { paginator = { type = \"cursor\", cursor_path = \"next\" } }\n");
  EXPECT_EQ(job.spec.resources[0].paginator.cursor_path, "next");
}

TEST_F(RestJobTest, AProblemOfTheDefaultsIsToldOnce) {
  EXPECT_EQ(Refusal("[resource_defaults]\nfoo = 1\n[[resources]]\nname = \"a\"\n"
                    "[[resources]]\nname = \"b\"\n"),
            At(7) + ": resource_defaults.foo: unknown key");
}

// --- paginators ---

TEST_F(RestJobTest, EveryPaginatorHasItsKeys) {
  for (
      const char* paginator :
      {R"("auto")", R"("header_link")", R"({ type = "single_page" })",
       R"({ type = "json_link", next_url_path = "links.next" })",
       R"({ type = "header_link", links_next_key = "nxt" })",
       R"({ type = "header_cursor", cursor_key = "X-Next", cursor_param = "c" })",
       R"({ type = "cursor", cursor_path = "meta.next", cursor_param = "c", has_more_path = "more", stop_after_empty_page = true })",
       R"({ type = "cursor", cursor_path = "meta.next", cursor_body_path = "page.cursor" })",
       R"({ type = "offset", limit = 50, offset = 10, offset_param = "o", limit_param = "l", total_path = "total", maximum_offset = 1000 })",
       R"({ type = "page_number", base_page = 1, page_param = "p", total_path = "pages", maximum_page = 9, record_total_header = "X-Total" })"}) {
    EXPECT_EQ(OfEndpoint(std::string("paginator = ") + paginator + "\n").path, "r") << paginator;
  }
}

TEST_F(RestJobTest, ACursorInTheBodyIsNotInTheQueryAsWell) {
  const Resource resource =
      OfEndpoint("paginator = { type = \"cursor\", cursor_body_path = \"page.cursor\" }\n");
  EXPECT_EQ(resource.paginator.cursor_body_path, "page.cursor");
  EXPECT_EQ(resource.paginator.cursor_param, "");
}

TEST_F(RestJobTest, TheOldNameOfJsonLinkIsReadWithANote) {
  const RestJob job = Loaded(
      "[[resources]]\nname = \"r\"\n[resources.endpoint]\n"
      "paginator = { type = \"json_response\", next_url_path = \"n\" }\n");
  EXPECT_EQ(job.spec.resources[0].paginator.type, Paginator::Type::kJsonLink);
  EXPECT_THAT(job.notes, ElementsAre("resources.r.endpoint.paginator: json_response is the old "
                                     "name of json_link"));
}

TEST_F(RestJobTest, AKeyOfAnotherPaginatorIsUnknown) {
  EXPECT_EQ(RefusalOfEndpoint("paginator = { type = \"header_link\", page_param = \"p\" }\n"),
            At(10) + ": resources.r.endpoint.paginator.page_param: unknown key");
}

TEST_F(RestJobTest, AnUnknownPaginatorIsNamedWithTheNearest) {
  EXPECT_THAT(RefusalOfEndpoint("paginator = \"page_numbers\"\n"),
              HasSubstr("(did you mean 'page_number'?)"));
}

TEST_F(RestJobTest, ThePageSizeIsSentToTheParams) {
  EXPECT_THAT(RefusalOfEndpoint("paginator = { type = \"page_number\", per_page = 100 }\n"),
              HasSubstr("the size of a page goes into endpoint.params"));
}

// --- incremental ---

TEST_F(RestJobTest, IncrementalKeysAreRead) {
  const auto incremental = Of(R"(primary_key = "id"
[resources.endpoint.incremental]
cursor_path = "updated_at"
initial_value = 2026-01-01T00:00:00Z
end_value = 1700000000
start_param = "since"
end_param = "until"
lag = "2d"
on_cursor_value_missing = "include"
range_start = "open"
range_end = "closed"
split_limit = 1000
)")
                               .incremental;
  EXPECT_EQ(incremental.cursor_path, "updated_at");
  EXPECT_EQ(incremental.initial_value, "2026-01-01T00:00:00Z");
  EXPECT_EQ(incremental.end_value, "1700000000");
  EXPECT_EQ(incremental.start_param, "since");
  EXPECT_EQ(incremental.lag, 48h);
  EXPECT_EQ(incremental.on_cursor_value_missing, rest::Incremental::Missing::kInclude);
  EXPECT_TRUE(incremental.start_is_open);
  EXPECT_TRUE(incremental.end_is_closed);
  EXPECT_EQ(incremental.split_limit, 1000);
}

TEST_F(RestJobTest, ALagIsADurationOrANumber) {
  const auto lag = [&](const std::string& value) {
    return OfEndpoint("incremental = { cursor_path = \"id\", lookback_window = " + value + " }\n")
        .incremental.lag;
  };
  EXPECT_EQ(lag("\"PT1H\""), 1h);
  EXPECT_EQ(lag("300"), 300s);
  EXPECT_THAT(RefusalOfEndpoint("incremental = { cursor_path = \"id\", lag = \"long\" }\n"),
              HasSubstr("resources.r.endpoint.incremental.lag: must be a duration"));
}

TEST_F(RestJobTest, TheOlderFormOfIncrementalInTheParamsIsRead) {
  const Resource resource =
      OfEndpoint("params = { since = { type = \"incremental\", cursor_path = \"updated_at\" } }\n");
  EXPECT_EQ(resource.incremental.cursor_path, "updated_at");
  EXPECT_EQ(resource.incremental.start_param, "since");
  EXPECT_THAT(resource.params, IsEmpty());
}

// --- parents ---

TEST_F(RestJobTest, ParentsComeBeforeTheirChildrenElseInTheOrderOfTheFile) {
  const RestJob job = Loaded(R"([[resources]]
name = "comments"
endpoint = "posts/{resources.posts.id}/comments"
include_from_parent = ["title"]
[[resources]]
name = "users"
[[resources]]
name = "posts"
)");
  std::vector<std::string> names;
  for (const Resource& resource : job.spec.resources) names.push_back(resource.name);
  EXPECT_THAT(names, ElementsAre("users", "posts", "comments"));
  EXPECT_EQ(job.spec.resources[2].parent, "posts");
  EXPECT_THAT(job.spec.resources[2].include_from_parent, ElementsAre("title"));
}

TEST_F(RestJobTest, TheOlderFormOfAParentIsRead) {
  const RestJob job = Loaded(R"([[resources]]
name = "posts"
[[resources]]
name = "comments"
[resources.endpoint]
path = "posts/{id}/comments"
params = { id = { type = "resolve", resource = "posts", field = "id" }, sort = "new" }
)");
  const Resource& comments = job.spec.resources[1];
  EXPECT_EQ(comments.path, "posts/{resources.posts.id}/comments");
  EXPECT_EQ(comments.parent, "posts");
  EXPECT_THAT(Texts(comments.params), ElementsAre("sort=new"));
}

TEST_F(RestJobTest, TwoParentsAreRefused) {
  EXPECT_THAT(
      RefusalOfEndpoint("params = { a = \"{resources.x.id}\", b = \"{resources.y.id}\" }\n"),
      HasSubstr("names 2 resources as its parents (x, y)"));
}

// --- errors ---

TEST_F(RestJobTest, ResponseActionsAreFilters) {
  const auto filters = OfEndpoint(
                           "response_actions = [{ status_code = 404, action = \"ignore\" }, "
                           "{ content = \"gone\", status_code = 200, action = \"IGNORE\" }]\n")
                           .error_handler.response_filters;
  ASSERT_EQ(filters.size(), 2u);
  EXPECT_THAT(filters[0].http_codes, ElementsAre(404));
  EXPECT_EQ(filters[1].error_message_contains, "gone");
  EXPECT_EQ(filters[1].action, Action::kIgnore);
}

TEST_F(RestJobTest, MaxRetriesAreOfTheJobUnlessItSaysOtherwise) {
  const std::string body =
      "[[resources]]\nname = \"r\"\nendpoint = { error_handler = { max_retries = 9 } }\n";
  EXPECT_EQ(Load(body)->retry.read_attempts, 10);
  EXPECT_EQ(Load(body, {{"retry.read_attempts", "3", "--set"}})->retry.read_attempts, 3);
}

TEST_F(RestJobTest, BackoffsAreRead) {
  const auto backoffs = OfEndpoint(R"([resources.endpoint.error_handler]
backoff_strategies = [ { type = "constant", backoff_time_in_seconds = 1.5 },
  { type = "wait_until_time_from_header", header = "X-Reset", max_waiting_time_in_seconds = 60 } ]
)")
                            .error_handler.backoff_strategies;
  ASSERT_EQ(backoffs.size(), 2u);
  EXPECT_EQ(backoffs[0].time, 1500ms);
  EXPECT_EQ(backoffs[1].max_waiting_time, 60s);
}

// --- rates ---

TEST_F(RestJobTest, TheStrictestPolicyIsTheRate) {
  const RestJob job = Loaded(
      "api_budget = { policies = [ { type = \"moving_window\", rates = [ "
      "{ limit = 10, interval = \"PT1S\" }, { limit = 60, interval = \"1m\" } ] } ] }\n"
      "[[resources]]\nname = \"r\"\n");
  EXPECT_DOUBLE_EQ(job.spec.requests_per_second, 1);
  EXPECT_EQ(job.spec.burst, 1);
}

// A burst and what follows it at the rate are no more than the limit in any window.
TEST_F(RestJobTest, ABurstIsTakenFromTheWindow) {
  const RestJob job = Loaded(
      "api_budget = { policies = [ { type = \"fixed_window\", period = \"1h\", call_limit = 5000 } "
      "] }\n[[resources]]\nname = \"r\"\n");
  EXPECT_EQ(job.spec.burst, 50);
  EXPECT_LE(job.spec.burst - 1 + job.spec.requests_per_second * 3600, 5000);
}

// --- rows ---

TEST_F(RestJobTest, FiltersAreReadWhereverTheyStand) {
  const auto filters =
      Of(R"(filters = [ { path = "state", equals = "open" }, { path = "n", greater = 3 } ]
processing_steps = [ { filter = { path = "pull_request", missing = true } } ]
)")
          .filters;
  ASSERT_EQ(filters.size(), 3u);
  EXPECT_EQ(filters[0].test, rest::Filter::Test::kEquals);
  EXPECT_EQ(filters[1].value, "3");
  EXPECT_EQ(filters[2].test, rest::Filter::Test::kMissing);
}

TEST_F(RestJobTest, AFilterHasOneTest) {
  EXPECT_THAT(RefusalOf("filters = [ { path = \"a\" } ]\n"), HasSubstr("needs exactly one of"));
  EXPECT_THAT(RefusalOf("filters = [ { path = \"a\", equals = 1, less = 2 } ]\n"),
              HasSubstr("needs exactly one of"));
}

TEST_F(RestJobTest, OutputKeysAreRead) {
  const OutputSpec output = Of(R"(fields = ["id", "user.login"]
rename = { "user.login" = "who" }
[resources.output]
format = "csv"
flatten = true
max_table_nesting = 2
schema_policy = "freeze"
rows_per_file = 1000
bytes_per_file = "10MB"
compression = "zstd"
)")
                                .output;
  EXPECT_EQ(output.format, Format::kCsv);
  EXPECT_THAT(output.fields, ElementsAre("id", "user.login"));
  EXPECT_THAT(output.rename, ElementsAre(testing::Pair("user.login", "who")));
  EXPECT_TRUE(output.flatten);
  EXPECT_EQ(output.schema_policy, SchemaPolicy::kFreeze);
  EXPECT_EQ(output.rows_per_file, 1000);
  EXPECT_EQ(output.bytes_per_file, 10'000'000);
  EXPECT_EQ(output.compression, Compression::kZstd);
}

TEST_F(RestJobTest, SqliteIsOneFileThatIsNotCompressed) {
  EXPECT_THAT(RefusalOf("output = { format = \"sqlite\", compression = \"gzip\" }\n"),
              HasSubstr("resources.r.output.compression: has no effect on SQLite"));
}

// --- secrets ---

TEST_F(RestJobTest, ALiteralSecretIsRefusedWithItsPlaceAndWithoutItsValue) {
  const std::string secret = kSecret;
  for (const std::string& client :
       {"auth = { type = \"bearer\", token = \"" + secret + "\" }",
        "auth = { type = \"api_key\", name = \"k\", api_key = \"" + secret + "\" }",
        "auth = { type = \"http_basic\", username = \"u\", password = \"" + secret + "\" }",
        "auth = { type = \"oauth2_client_credentials\", access_token_url = \"https://a.test\", "
        "client_id = \"i\", client_secret = \"" +
            secret + "\" }",
        "auth = { type = \"oauth2_refresh\", token_refresh_endpoint = \"https://a.test\", "
        "refresh_token = \"" +
            secret + "\" }",
        "headers = { Authorization = \"Bearer " + secret + "\" }",
        "headers = { x-api-key = \"" + secret + "\" }",
        "headers = { Cookie = \"" + secret + "\" }"}) {
    const std::string message = Refusal(client + "\n[[resources]]\nname = \"r\"\n");
    EXPECT_THAT(message, HasSubstr(At(6) + ": client.")) << client;
    EXPECT_THAT(message, HasSubstr("must be a reference")) << client;
    EXPECT_THAT(message, Not(HasSubstr(secret))) << client;
  }
  for (const std::string& keys : {"params = { api_key = \"" + secret + "\" }",
                                  "params = { access_token = \"" + secret + "\" }",
                                  "headers = { Private-Token = \"" + secret + "\" }",
                                  "json = { login = { password = \"" + secret + "\" } }"}) {
    const std::string message = RefusalOfEndpoint(keys + "\n");
    EXPECT_THAT(message, HasSubstr(At(10) + ": resources.r.endpoint.")) << keys;
    EXPECT_THAT(message, Not(HasSubstr(secret))) << keys;
  }
}

TEST_F(RestJobTest, NamesTellWhatIsASecret) {
  for (const char* name : {"Authorization", "X-Api-Key", "apikey", "apiKey", "PRIVATE-TOKEN",
                           "client_secret", "password", "Set-Cookie", "access_token"}) {
    EXPECT_TRUE(LooksSecret(name)) << name;
  }
  for (const char* name : {"Accept", "keyset", "keyword", "per_page", "sort", "X-Api-Version"}) {
    EXPECT_FALSE(LooksSecret(name)) << name;
  }
}

TEST_F(RestJobTest, ASecretParameterIsSentWithEveryRequestAndKeptInNone) {
  const RestJob job = Loaded(
      "[[resources]]\nname = \"r\"\nendpoint = { params = { api_key = \"env:K\", q = \"x\" } }\n");
  EXPECT_THAT(Texts(job.spec.query), ElementsAre("api_key=env:K"));
  EXPECT_THAT(Texts(job.spec.resources[0].params), ElementsAre("q=x"));
}

TEST_F(RestJobTest, AuthIsRead) {
  const RestAuth basic = Loaded(
                             "auth = { type = \"http_basic\", username = \"u\", password = "
                             "\"env:P\" }\n[[resources]]\nname = \"r\"\n")
                             .auth;
  EXPECT_EQ(basic.type, RestAuth::Type::kHttpBasic);
  EXPECT_EQ(basic.username, "u");
  const RestAuth key = Loaded(
                           "auth = { type = \"api_key\", name = \"X-Key\", api_key = \"env:K\", "
                           "location = \"query\" }\n[[resources]]\nname = \"r\"\n")
                           .auth;
  EXPECT_EQ(key.name, "X-Key");
  EXPECT_EQ(key.location, RestAuth::Location::kQuery);
  const RestAuth oauth =
      Loaded(
          "auth = { type = \"oauth2_client_credentials\", access_token_url = "
          "\"https://a.test/token\", "
          "client_id = \"i\", client_secret = \"env:S\", scopes = [\"read\"], "
          "access_token_request_data = { audience = \"x\" }, default_token_expiration = 60 }\n"
          "[[resources]]\nname = \"r\"\n")
          .auth;
  EXPECT_EQ(oauth.token_url, "https://a.test/token");
  EXPECT_THAT(Texts(oauth.request_data), ElementsAre("audience=x"));
  EXPECT_EQ(oauth.default_expiration, 60s);
}

TEST_F(RestJobTest, TokensAreNotAskedForInTheClear) {
  EXPECT_THAT(Refusal("auth = { type = \"oauth2_client_credentials\", access_token_url = "
                      "\"http://a.test/token\", client_secret = \"env:S\" }\n"
                      "[[resources]]\nname = \"r\"\n"),
              HasSubstr("client.auth.access_token_url: must be a URL \"https://"));
}

// --- what is wrong ---

TEST_F(RestJobTest, UnknownKeysAreNamedWithTheNearestOnEveryLevel) {
  EXPECT_EQ(Refusal("heders = {}\n[[resources]]\nname = \"r\"\n"),
            At(6) + ": client.heders: unknown key (did you mean 'headers'?)");
  EXPECT_EQ(RefusalOf("primary_keys = \"id\"\n"),
            At(8) + ": resources.r.primary_keys: unknown key (did you mean 'primary_key'?)");
  EXPECT_EQ(RefusalOfEndpoint("data_selecter = \"x\"\n"),
            At(10) +
                ": resources.r.endpoint.data_selecter: unknown key (did you mean "
                "'data_selector'?)");
  EXPECT_EQ(RefusalOf("[resources.output]\nfromat = \"csv\"\n"),
            At(9) + ": resources.r.output.fromat: unknown key (did you mean 'format'?)");
}

TEST_F(RestJobTest, WrongTypesSayWhatIsAllowed) {
  for (const auto& [keys, words] : std::vector<std::pair<std::string, std::string>>{
           {"primary_key = 1", "primary_key: must be a string or a list of strings"},
           {"write_disposition = \"upsert\"", "write_disposition: must be one of \"replace\""},
           {"selected = \"yes\"", "selected: must be true or false"},
           {"concurrency = 0", "concurrency: must be a whole number from 1 to 1000"},
           {"concurrency = { max = \"x\" }", "concurrency.max: must be a whole number"},
           {"endpoint = 3", "endpoint: must be a path or a table"},
           {"filters = { path = \"a\" }", "filters: must be a list of tables"},
           {"output = \"csv\"", "output: must be a table"},
           {"partitions = { cursor_field = \"x\", values = [] }", "partitions.values: must be"},
           {"output = { bytes_per_file = \"much\" }", "output.bytes_per_file: must be a size"}}) {
    EXPECT_THAT(RefusalOf(keys + "\n"), HasSubstr(At(8) + ": resources.r." + words)) << keys;
  }
}

TEST_F(RestJobTest, AllProblemsAreToldInTheOrderOfTheFile) {
  const std::string message = Refusal(
      "foo = 1\n[[resources]]\nname = \"b\"\nbar = 1\n[[resources]]\nname = \"a\"\nbaz = 1\n"
      "[limits]\nrate = true\n");
  EXPECT_THAT(message, testing::StartsWith("the job has 4 problems\n" + At(6) + ": client.foo"));
  EXPECT_THAT(message, HasSubstr("\n" + At(9) + ": resources.b.bar"));
  EXPECT_THAT(message, HasSubstr("\n" + At(12) + ": resources.a.baz"));
  EXPECT_LT(message.find("resources.a.baz"), message.find("limits.rate"));
}

TEST_F(RestJobTest, NamesOfResourcesAreFitForFilesAndTheirOwn) {
  EXPECT_THAT(Refusal("[[resources]]\nname = \"../x\"\n"), HasSubstr("name: must be up to 100"));
  EXPECT_THAT(Refusal("[[resources]]\nendpoint = \"x\"\n"), HasSubstr("name: is missing"));
  EXPECT_THAT(Refusal("[[resources]]\nname = \"a\"\n[[resources]]\nname = \"a\"\n"),
              HasSubstr("name: is the name of another resource already"));
  EXPECT_THAT(Refusal("[[resources]]\nname = \"a\"\n[[resources]]\nname = \"A\"\n"),
              HasSubstr("name: is the output of another resource already"));
}

TEST_F(RestJobTest, AJobHasAnAddressAndResources) {
  EXPECT_THAT(Refusal(""), HasSubstr("resources: is missing"));
  WriteFile(folder_ / "api.toml",
            "[job]\nsource = \"rest\"\noutput = \"x\"\n"
            "[[resources]]\nname = \"r\"\n");
  const auto job = LoadJob({.file = folder_ / "api.toml"});
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().message, HasSubstr("client.base_url: is missing"));
}

TEST_F(RestJobTest, TheAddressCanBeSetFromOutside) {
  const RestJob job = Loaded("[[resources]]\nname = \"r\"\n",
                             {{"client.base_url", "http://127.0.0.1:1/", "--set"}});
  EXPECT_EQ(job.spec.base_url, "http://127.0.0.1:1");
  EXPECT_THAT(Refusal("allow_http = \"yes\"\n[[resources]]\nname = \"r\"\n"),
              HasSubstr("client.allow_http: must be true or false"));
}

TEST_F(RestJobTest, AFlagForATokenIsSentToAuth) {
  const auto job = Load("[[resources]]\nname = \"r\"\n", {{"source.token", "env:T", "--token"}});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().message,
            "--token: has no effect in a rest job, which names its secrets in client.auth");
}

TEST_F(RestJobTest, WhatTheSourceFindsWrongHasTheLineOfItsResource) {
  EXPECT_EQ(Refusal("[[resources]]\nname = \"a\"\n[[resources]]\nname = \"b\"\n"
                    "endpoint = \"x/{resources.c.id}\"\n"),
            At(8) + ": resource 'b': there is no resource 'c', its parent");
}

TEST_F(RestJobTest, ASectionOfNotionHasNoEffectAndIsRefused) {
  EXPECT_THAT(Refusal("[[resources]]\nname = \"r\"\n[notion]\n"),
              HasSubstr("[notion] has no effect in a rest job"));
}

TEST_F(RestJobTest, TheDefinitionIsWithoutAddressAndSecrets) {
  const std::string resources = "[[resources]]\nname = \"r\"\n";
  const std::string definition = Loaded(resources).definition;
  EXPECT_EQ(Loaded("auth = { type = \"bearer\", token = \"env:T\" }\n" + resources).definition,
            definition);
  EXPECT_NE(Loaded(resources + "primary_key = \"id\"\n").definition, definition);
}

}  // namespace
}  // namespace sluice
