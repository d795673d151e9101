// What `sluice-sim trakt` promises to the tests that export from it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/http_call.h"
#include "tests/support/sim_process.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using nlohmann::json;

class SimTrakt : public testing::Test {
 protected:
  static constexpr const char* kBinary = SLUICE_BINARY_DIR "/sluice-sim";
  static constexpr int kPagesMax = 60;

  static std::vector<std::string> Args(std::vector<std::string> more = {}) {
    more.insert(more.begin(), "trakt");
    return more;
  }
  // A request as the API wants it, but for the headers called `without`.
  static HttpCall Call(const SimProcess& sim, const std::string& target,
                       const std::string& token = "token", const std::string& without = "") {
    HttpCall call{.url = sim.url() + target, .version = "", .token = token};
    for (const char* header : {"trakt-api-key: id", "trakt-api-version: 2", "User-Agent: test/1"}) {
      if (without.empty() || !std::string(header).starts_with(without)) {
        call.headers.emplace_back(header);
      }
    }
    return call;
  }
  static HttpAnswer Get(const SimProcess& sim, const std::string& target,
                        const std::string& token = "token") {
    return Send(Call(sim, target, token));
  }
  static json Body(const SimProcess& sim, const std::string& target) {
    const HttpAnswer answer = Get(sim, target);
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    return json::parse(answer.body);
  }
  static std::string With(const std::string& path, const std::string& parameter) {
    return path + (path.find('?') == std::string::npos ? "?" : "&") + parameter;
  }
  // All items of a list: its pages up to the page count that the answers say.
  static std::vector<json> All(const SimProcess& sim, const std::string& path) {
    std::vector<json> items;
    int pages = 1;
    for (int page = 1; page <= std::min(pages, kPagesMax); ++page) {
      const HttpAnswer answer = Get(sim, With(path, "limit=250&page=" + std::to_string(page)));
      EXPECT_EQ(answer.status, 200) << path << answer.body;
      pages = std::stoi(answer.headers.at("x-pagination-page-count"));
      for (const json& item : json::parse(answer.body)) items.push_back(item);
    }
    return items;
  }
  static std::vector<std::uint64_t> Ids(const std::vector<json>& items) {
    std::vector<std::uint64_t> ids;
    for (const json& item : items) ids.push_back(item.at("id"));
    return ids;
  }
  static std::set<std::uint64_t> IdSet(const std::vector<json>& items) {
    const std::vector<std::uint64_t> ids = Ids(items);
    return {ids.begin(), ids.end()};
  }
  static HttpAnswer Post(const SimProcess& sim, const std::string& path, json body) {
    body["client_id"] = "id";
    body["client_secret"] = "secret";
    return Send({.method = "POST", .url = sim.url() + path, .body = body.dump(), .token = ""});
  }
};

TEST_F(SimTrakt, PagesCoverEveryPlayOnceNewestFirst) {
  const SimProcess sim(kBinary, Args({"--history", "1100"}));
  const std::vector<json> plays = All(sim, "/sync/history/movies");
  EXPECT_EQ(plays.size(), 1100u);
  EXPECT_EQ(IdSet(plays).size(), 1100u);
  EXPECT_TRUE(std::ranges::is_sorted(plays, std::greater(), [](const json& play) {
    return play.at("watched_at").get<std::string>();
  }));
  EXPECT_GT(Ids(plays).front(), std::uint64_t{1} << 33);
}

TEST_F(SimTrakt, PagesAre100UnlessAskedAnd250AtMost) {
  const SimProcess sim(kBinary, Args());
  const auto limit = [&](const std::string& path) {
    const HttpAnswer answer = Get(sim, path);
    EXPECT_EQ(std::to_string(json::parse(answer.body).size()),
              answer.headers.at("x-pagination-limit"));
    return answer.headers.at("x-pagination-limit");
  };
  EXPECT_EQ(limit("/sync/history/movies"), "100");
  EXPECT_EQ(limit("/sync/watched/movies?limit=1000"), "250");
  EXPECT_EQ(limit("/sync/ratings/movies?limit=7"), "7");
  EXPECT_EQ(limit("/users/me/comments/all/movies"), "10");
}

TEST_F(SimTrakt, PagingHeadersCountPagesAndItems) {
  const SimProcess sim(kBinary, Args({"--watchlist", "285"}));
  const auto headers = Get(sim, "/sync/watchlist/movies?page=3").headers;
  EXPECT_EQ(headers.at("x-pagination-page"), "3");
  EXPECT_EQ(headers.at("x-pagination-page-count"), "3");
  EXPECT_EQ(headers.at("x-pagination-item-count"), "285");
  EXPECT_EQ(headers.at("x-applied-sort-by"), "rank");
  const SimProcess empty(kBinary, Args({"--watchlist", "0"}));
  EXPECT_EQ(Get(empty, "/sync/watchlist/movies").headers.at("x-pagination-page-count"), "0");
}

TEST_F(SimTrakt, EverySectionHasItsSize) {
  const SimProcess sim(kBinary, Args({"--ratings", "300", "--watchlist", "110", "--collection",
                                      "120", "--lists", "2", "--shows", "6", "--reviews", "30"}));
  EXPECT_EQ(All(sim, "/sync/ratings/movies").size(), 300u);
  EXPECT_EQ(All(sim, "/sync/ratings/shows").size(), 3u);
  EXPECT_EQ(All(sim, "/sync/ratings/episodes").size(), 12u);
  EXPECT_EQ(All(sim, "/sync/watchlist/movies").size(), 110u);
  EXPECT_EQ(All(sim, "/sync/collection/movies").size(), 120u);
  EXPECT_EQ(All(sim, "/sync/watched/shows").size(), 6u);
  EXPECT_EQ(All(sim, "/users/me/lists").size(), 2u);
  EXPECT_EQ(All(sim, "/users/me/lists/list-2/items/movies").size(), 135u);
  EXPECT_EQ(All(sim, "/users/me/comments/all/movies").size(), 30u);
}

TEST_F(SimTrakt, WatchedMoviesAddUpToTheHistory) {
  const SimProcess sim(kBinary, Args({"--history", "900"}));
  std::map<std::uint64_t, int> plays;
  for (const json& play : All(sim, "/sync/history/movies")) {
    ++plays[play.at("movie").at("ids").at("trakt")];
  }
  std::map<std::uint64_t, int> watched;
  for (const json& movie : All(sim, "/sync/watched/movies")) {
    watched[movie.at("movie").at("ids").at("trakt")] = movie.at("plays");
  }
  EXPECT_EQ(watched, plays);
}

TEST_F(SimTrakt, WatchedShowsAddUpToTheEpisodes) {
  const SimProcess sim(kBinary, Args({"--shows", "9"}));
  const std::vector<json> episodes = All(sim, "/sync/history/episodes");
  EXPECT_EQ(All(sim, "/sync/history/shows"), episodes);
  std::size_t plays = 0;
  for (const json& show : All(sim, "/sync/watched/shows")) plays += show.at("plays").get<int>();
  EXPECT_EQ(plays, episodes.size());
}

TEST_F(SimTrakt, NoMovieIsRatedTwice) {
  const SimProcess sim(kBinary, Args({"--history", "500", "--ratings", "700"}));
  std::set<std::uint64_t> movies;
  for (const json& rating : All(sim, "/sync/ratings/movies")) {
    movies.insert(rating.at("movie").at("ids").at("trakt").get<std::uint64_t>());
  }
  EXPECT_EQ(movies.size(), 700u);
}

TEST_F(SimTrakt, MoviesHaveTheOdditiesOfRealOnes) {
  const SimProcess sim(kBinary, Args());
  std::set<std::string> seen;
  for (const json& rating : All(sim, "/sync/ratings/movies")) {
    const json& movie = rating.at("movie");
    const json& ids = movie.at("ids");
    for (const char* name : {"imdb", "tmdb"}) {
      if (!ids.contains(name))
        seen.insert(std::string("no ") + name);
      else if (ids.at(name).is_null())
        seen.insert(std::string("null ") + name);
      else if (ids.at(name) == "")
        seen.insert(std::string("empty ") + name);
    }
    if (!movie.contains("year"))
      seen.insert("no year");
    else if (movie.at("year").is_null())
      seen.insert("null year");
    if (movie.at("title").is_null())
      seen.insert("null title");
    else if (movie.at("title") == "")
      seen.insert("empty title");
  }
  EXPECT_EQ(seen,
            (std::set<std::string>{"no imdb", "null imdb", "empty imdb", "no tmdb", "null tmdb",
                                   "no year", "null year", "null title", "empty title"}));
}

TEST_F(SimTrakt, PlaysHaveTheOdditiesOfRealOnes) {
  const SimProcess sim(kBinary, Args({"--history", "1000"}));
  std::set<std::string> actions;
  std::set<std::pair<std::string, std::uint64_t>> days;
  std::size_t unknown = 0;
  std::size_t evenings = 0;  // before 07:00 UTC it is still yesterday in Los Angeles
  std::size_t dated = 0;
  for (const json& play : All(sim, "/sync/history/movies")) {
    actions.insert(play.at("action"));
    const std::string at = play.at("watched_at");
    unknown += at == "1970-01-01T00:00:00.000Z";
    if (at.starts_with("1970")) continue;
    ++dated;
    evenings += at.substr(11, 2) < "07";
    days.emplace(at.substr(0, 10), play.at("movie").at("ids").at("trakt"));
  }
  EXPECT_EQ(actions, (std::set<std::string>{"scrobble", "checkin", "watch"}));
  EXPECT_GT(unknown, 5u);
  EXPECT_GT(evenings, 500u);
  EXPECT_LT(days.size(), dated) << "no movie was watched twice on one day";
}

TEST_F(SimTrakt, HistoryIsBoundedByBothTimes) {
  const SimProcess sim(kBinary, Args({"--history", "1000"}));
  std::vector<json> plays = All(sim, "/sync/history/movies");
  const std::string end = plays[100].at("watched_at");
  const std::string start = plays[700].at("watched_at");
  std::erase_if(plays, [&](const json& play) {
    return play.at("watched_at") > end || play.at("watched_at") < start;
  });
  EXPECT_EQ(All(sim, "/sync/history/movies?start_at=" + start + "&end_at=" + end), plays);
}

TEST_F(SimTrakt, CollectionHasMetadataWhenAsked) {
  const SimProcess sim(kBinary, Args());
  EXPECT_TRUE(Body(sim, "/sync/collection/movies?extended=metadata")[0].contains("metadata"));
  EXPECT_FALSE(Body(sim, "/sync/collection/movies")[0].contains("metadata"));
}

TEST_F(SimTrakt, SettingsTellTheTimezone) {
  const SimProcess usual(kBinary, Args());
  const SimProcess other(kBinary, Args({"--timezone", "Asia/Tokyo"}));
  EXPECT_EQ(Body(usual, "/users/settings").at("account").at("timezone"), "America/Los_Angeles");
  EXPECT_EQ(Body(other, "/users/settings").at("account").at("timezone"), "Asia/Tokyo");
}

TEST_F(SimTrakt, SameSeedGivesTheSameBytes) {
  const SimProcess first(kBinary, Args({"--seed", "7"}));
  const SimProcess second(kBinary, Args({"--seed", "7"}));
  const SimProcess other(kBinary, Args({"--seed", "8"}));
  const std::string body = Get(first, "/sync/history/movies").body;
  EXPECT_EQ(body, Get(second, "/sync/history/movies").body);
  EXPECT_NE(body, Get(other, "/sync/history/movies").body);
}

TEST_F(SimTrakt, NewPlaysComeFirstAndTouchOnlyTheirSection) {
  const SimProcess before(kBinary, Args({"--history", "300"}));
  const SimProcess after(kBinary, Args({"--history", "300", "--plays-edit", "4"}));
  std::vector<json> plays = All(after, "/sync/history/movies");
  const json old_times = Body(before, "/sync/last_activities");
  json times = Body(after, "/sync/last_activities");
  EXPECT_EQ(times.at("movies").at("watched_at"), plays[0].at("watched_at"));
  EXPECT_EQ(times.at("all"), plays[0].at("watched_at"));
  plays.erase(plays.begin(), plays.begin() + 4);
  EXPECT_EQ(plays, All(before, "/sync/history/movies"));
  times["all"] = old_times.at("all");
  times["movies"]["watched_at"] = old_times.at("movies").at("watched_at");
  EXPECT_EQ(times, old_times);
}

TEST_F(SimTrakt, RemovedPlaysAreGoneAndTouchTheirSection) {
  const SimProcess before(kBinary, Args({"--history", "300"}));
  const SimProcess after(kBinary, Args({"--history", "300", "--remove-plays", "5"}));
  const std::set<std::uint64_t> ids = IdSet(All(after, "/sync/history/movies"));
  const std::set<std::uint64_t> old = IdSet(All(before, "/sync/history/movies"));
  EXPECT_EQ(ids.size(), 295u);
  EXPECT_TRUE(std::ranges::includes(old, ids));
  EXPECT_GT(Body(after, "/sync/last_activities").at("movies").at("watched_at"),
            Body(before, "/sync/last_activities").at("movies").at("watched_at"));
}

TEST_F(SimTrakt, ALatePlayShiftsThePagesUnlessTheEndIsPinned) {
  const SimProcess sim(kBinary, Args({"--history", "600", "--late-play", "1"}));
  const json times = Body(sim, "/sync/last_activities");
  const std::vector<json> plays = All(sim, "/sync/history/movies");
  EXPECT_EQ(plays.size(), 601u);
  EXPECT_EQ(plays[249], plays[250]);
  EXPECT_EQ(IdSet(All(sim, "/sync/history/movies?end_at=2025-12-31T00:00:00Z")).size(), 600u);
  EXPECT_EQ(IdSet(All(sim, "/sync/history/movies")).size(), 601u);
  EXPECT_GT(Body(sim, "/sync/last_activities").at("all"), times.at("all"));
}

TEST_F(SimTrakt, HeadersAreRequired) {
  const SimProcess sim(kBinary, Args());
  const auto status = [&](const std::string& without) {
    return Send(Call(sim, "/users/settings", "token", without)).status;
  };
  EXPECT_EQ(status("trakt-api-key"), 403);
  EXPECT_EQ(status("trakt-api-version"), 412);
  EXPECT_EQ(status("User-Agent"), 403);
  EXPECT_EQ(Get(sim, "/users/settings", "").status, 401);
  EXPECT_EQ(Get(sim, "/users/settings", "bad").status, 401);
}

TEST_F(SimTrakt, WhatIsNotThereIsSaidInHtml) {
  const SimProcess sim(kBinary, Args());
  for (const char* path : {"/users/nobody/history/movies", "/sync/nothing", "/"}) {
    const HttpAnswer answer = Get(sim, path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_TRUE(answer.headers.at("content-type").starts_with("text/html")) << path;
  }
}

TEST_F(SimTrakt, RateLimitsAreToldOnlyWhenTheyStrike) {
  const SimProcess sim(kBinary, Args({"--rate", "0.2", "--burst", "1"}));
  EXPECT_FALSE(Get(sim, "/users/settings").headers.contains("x-ratelimit"));
  const HttpAnswer refused = Get(sim, "/users/settings");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, "");
  EXPECT_EQ(refused.headers.at("retry-after"), "5");
  const json limit = json::parse(refused.headers.at("x-ratelimit"));
  EXPECT_EQ(limit.at("name"), "AUTHED_API_GET_LIMIT");
  EXPECT_EQ(limit.at("remaining"), 0);
  EXPECT_EQ(limit.at("until").get<std::string>().size(),
            std::string("2020-10-10T00:24:00Z").size());
}

TEST_F(SimTrakt, ShortPagesSayTheyAreWholeAndLoseNothing) {
  const SimProcess sim(kBinary, Args({"--ratings", "500", "--fault", "short-page"}));
  const HttpAnswer answer = Get(sim, "/sync/ratings/movies?limit=250");
  EXPECT_EQ(answer.headers.at("x-pagination-limit"), "250");
  EXPECT_EQ(json::parse(answer.body).size(), 83u);
  EXPECT_EQ(All(sim, "/sync/ratings/movies").size(), 500u);
}

TEST_F(SimTrakt, ClampedPagesLoseNothing) {
  const SimProcess sim(kBinary, Args({"--ratings", "500", "--fault", "clamp"}));
  EXPECT_EQ(Get(sim, "/sync/ratings/movies?limit=250").headers.at("x-pagination-limit"), "25");
  EXPECT_EQ(All(sim, "/sync/ratings/movies").size(), 500u);
}

TEST_F(SimTrakt, ALoopGivesTheSamePagesAgain) {
  const SimProcess sim(kBinary, Args({"--history", "1000", "--fault", "cursor-loop"}));
  const std::vector<json> plays = All(sim, "/sync/history/movies");
  EXPECT_EQ(plays.size(), 1000u);
  EXPECT_EQ(IdSet(plays).size(), 500u);
}

TEST_F(SimTrakt, ATokenThatIsUsedUpCanBeRenewedOnce) {
  const SimProcess sim(kBinary, Args({"--fault", "401-after:2", "--refresh-token", "r0"}));
  for (const int status : {200, 200, 401}) EXPECT_EQ(Get(sim, "/users/settings").status, status);
  const json renewal = {{"grant_type", "refresh_token"}, {"refresh_token", "r0"}};
  const HttpAnswer answer = Post(sim, "/oauth/token", renewal);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json token = json::parse(answer.body);
  EXPECT_EQ(Get(sim, "/users/settings", token.at("access_token")).status, 200);
  const HttpAnswer again = Post(sim, "/oauth/token", renewal);
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(json::parse(again.body).at("error"), "invalid_grant");
}

TEST_F(SimTrakt, ARevokedTokenDoesNotWork) {
  const SimProcess sim(kBinary, Args());
  EXPECT_EQ(Get(sim, "/users/settings", "mine").status, 200);
  EXPECT_EQ(Post(sim, "/oauth/revoke", {{"token", "mine"}}).status, 200);
  EXPECT_EQ(Get(sim, "/users/settings", "mine").status, 401);
}

TEST_F(SimTrakt, RecordedBodiesComeInPages) {
  const TempDir folder;
  const auto history = folder / "recorded/api.trakt.tv/sync/history";
  std::filesystem::create_directories(history);
  WriteFile(history / "movies.json", R"([{"id":3,"watched_at":"2020-03-01T00:00:00.000Z"},{"id":2,)"
                                     R"("watched_at":"2020-02-01T00:00:00.000Z"},{"id":1,)"
                                     R"("watched_at":"2020-01-01T00:00:00.000Z"}])");
  const SimProcess sim(kBinary, {"replay", folder.path().string()});
  EXPECT_EQ(Ids(All(sim, "/sync/history/movies")), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(Ids(All(sim, "/sync/history/movies?start_at=2020-02-01T00:00:00Z")),
            (std::vector<std::uint64_t>{3, 2}));
  EXPECT_EQ(Get(sim, "/sync/history/movies?limit=2").headers.at("x-pagination-page-count"), "2");
  EXPECT_TRUE(All(sim, "/sync/ratings/movies").empty());
}

TEST_F(SimTrakt, ARecordedAccountIsServed) {
  const std::filesystem::path recorded =
      SLUICE_SOURCE_DIR "/../shared/fixtures/trakt/fuzeman+trakt.py";
  if (!std::filesystem::exists(recorded)) GTEST_SKIP() << "no recorded account at " << recorded;
  const SimProcess sim(kBinary, {"replay", recorded.string()});
  const std::filesystem::path bodies = recorded / "tests/fixtures/api.trakt.tv";
  for (const char* path : {"/sync/history/movies", "/sync/history/shows", "/sync/ratings/movies"}) {
    const json body = json::parse(ReadFile(bodies / (std::string(path).substr(1) + ".json")));
    EXPECT_FALSE(body.empty()) << path;
    EXPECT_EQ(json(All(sim, path)), body) << path;
  }
}

class SimTraktDevice : public SimTrakt {
 protected:
  static std::string Code(const SimProcess& sim) {
    return json::parse(Post(sim, "/oauth/device/code", {}).body).at("device_code");
  }
  static HttpAnswer Poll(const SimProcess& sim, const std::string& code) {
    return Post(sim, "/oauth/device/token", {{"code", code}});
  }
};

TEST_F(SimTraktDevice, PollsArePendingThenATokenComesOnce) {
  const SimProcess sim(kBinary, Args({"--device-polls", "2"}));
  const std::string code = Code(sim);
  EXPECT_EQ(code.size(), 64u);
  EXPECT_EQ(Poll(sim, code).status, 400);
  EXPECT_EQ(Poll(sim, code).status, 400);
  const HttpAnswer answer = Poll(sim, code);
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(Get(sim, "/users/settings", json::parse(answer.body).at("access_token")).status, 200);
  EXPECT_EQ(Poll(sim, code).status, 409);
}

TEST_F(SimTraktDevice, OtherAnswersComeInsteadOfTheToken) {
  for (const char* status : {"404", "409", "410", "418"}) {
    const SimProcess sim(kBinary, Args({"--device-polls", "1", "--device-answer", status}));
    const std::string code = Code(sim);
    EXPECT_EQ(Poll(sim, code).status, 400);
    EXPECT_EQ(Poll(sim, code).status, std::stoi(status));
  }
}

TEST_F(SimTraktDevice, SlowDownComesOnceAndFirst) {
  const SimProcess sim(kBinary, Args({"--device-polls", "1", "--device-answer", "429"}));
  const std::string code = Code(sim);
  for (const int status : {429, 400, 200}) EXPECT_EQ(Poll(sim, code).status, status);
}

TEST_F(SimTraktDevice, UnknownCodesAreNotFound) {
  const SimProcess sim(kBinary, Args());
  EXPECT_EQ(Poll(sim, "made-up").status, 404);
}

}  // namespace
}  // namespace sluice
