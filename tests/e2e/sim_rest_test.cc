// What `sluice-sim rest` promises to the tests that export from it.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/support/http_call.h"
#include "tests/support/sanitized.h"
#include "tests/support/sim_process.h"

namespace sluice {
namespace {

using nlohmann::json;

// A walk that never ends is cut here.
constexpr int kPagesMax = 30;

class SimRest : public testing::Test {
 protected:
  static constexpr const char* kBinary = SLUICE_BINARY_DIR "/sluice-sim";

  static std::vector<std::string> Args(const std::string& paginator,
                                       std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"rest", "--paginator", paginator});
    return more;
  }
  static HttpAnswer Get(const SimProcess& sim, const std::string& target,
                        const std::string& token = "") {
    return Send({.url = sim.url() + target, .token = token});
  }
  static json Items(const json& body) { return body.is_array() ? body : body.at("results"); }
  static std::string TextOf(const json& value) { return value.is_null() ? "" : value; }
  // The way from one page to the next, as a client of this paginator goes it; empty: the end.
  static std::string NextUrl(const std::string& paginator, const std::string& first,
                             const HttpAnswer& answer, std::size_t page, std::size_t seen) {
    const json body = json::parse(answer.body);
    const auto header = [&](const std::string& name) {
      const auto found = answer.headers.find(name);
      return found == answer.headers.end() ? std::string() : found->second;
    };
    const auto with = [&](const std::string& name, const std::string& value) {
      return first + (first.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
    };
    if (paginator == "header_link") {
      std::smatch match;
      const std::string links = header("link");
      const bool more = std::regex_search(links, match, std::regex("<([^>]*)>; rel=\"next\""));
      return more ? match[1].str() : "";
    }
    if (paginator == "page_number") {
      const bool more = page < std::stoul(header("x-total-pages"));
      return more ? with("page", std::to_string(page + 1)) : "";
    }
    if (paginator == "offset") {
      const bool more = !body.at("results").empty() && seen < body.at("total");
      return more ? with("offset", std::to_string(seen)) : "";
    }
    if (paginator == "json_link") return TextOf(body.at("next"));
    const std::string cursor =
        paginator == "cursor" ? TextOf(body.at("next_cursor")) : header("x-next-cursor");
    return cursor.empty() ? "" : with("cursor", Encoded(cursor));
  }
  // All items of a list; more pages than kPagesMax are left.
  static std::vector<json> All(const SimProcess& sim, const std::string& paginator,
                               const std::string& target) {
    const std::string first = sim.url() + target;
    std::vector<json> items;
    std::string url = first;
    for (std::size_t page = 1; !url.empty() && page <= kPagesMax; ++page) {
      const HttpAnswer answer = Send({.url = url, .token = ""});
      EXPECT_EQ(answer.status, 200) << url << answer.body;
      for (const json& item : Items(json::parse(answer.body))) items.push_back(item);
      url = NextUrl(paginator, first, answer, page, items.size());
    }
    return items;
  }
  static std::vector<std::uint64_t> Ids(const std::vector<json>& items) {
    std::vector<std::uint64_t> ids;
    for (const json& item : items) ids.push_back(item.at("id"));
    return ids;
  }
  static std::string Encoded(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
      encoded += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
    }
    return encoded;
  }
};

class SimPaginator : public SimRest, public testing::WithParamInterface<std::string> {
 protected:
  static std::vector<std::string> Args(std::vector<std::string> more = {}) {
    return SimRest::Args(GetParam(), std::move(more));
  }
  static std::vector<json> All(const SimProcess& sim, const std::string& target) {
    return SimRest::All(sim, GetParam(), target);
  }
};

INSTANTIATE_TEST_SUITE_P(All, SimPaginator,
                         testing::Values("header_link", "cursor", "offset", "page_number",
                                         "json_link", "header_cursor"),
                         [](const auto& paginator) { return paginator.param; });

TEST_P(SimPaginator, PagesCoverEveryRecordOnce) {
  const SimProcess sim(kBinary, Args({"--records", "1234", "--edit", "50", "--delete", "34"}));
  const std::vector<std::uint64_t> ids = Ids(All(sim, "/records"));
  EXPECT_EQ(ids.size(), 1200u);
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1200u);
  EXPECT_EQ(sim.Count("GET", "/records"), 12u);
}

TEST_P(SimPaginator, NotesOfARecordAreAList) {
  const SimProcess sim(kBinary, Args({"--notes", "20"}));
  std::size_t notes = 0;
  for (int record = 1; record <= 10; ++record) {
    const std::string path = "/records/" + std::to_string(record) + "/notes";
    const std::vector<json> found = All(sim, path + "?limit=3");
    for (const json& note : found) EXPECT_EQ(note.at("record_id"), record);
    EXPECT_EQ(found.size(), All(sim, path).size());
    notes += found.size();
  }
  EXPECT_GT(notes, 20u);
}

TEST_P(SimPaginator, ClampedAndShortPagesLoseNothing) {
  for (const char* fault : {"clamp", "short-page"}) {
    const SimProcess sim(kBinary, Args({"--records", "500", "--fault", fault}));
    const std::vector<std::uint64_t> ids = Ids(All(sim, "/records"));
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 500u) << fault;
    EXPECT_EQ(ids.size(), 500u) << fault;
    EXPECT_GT(sim.Count("GET", "/records"), 14u) << fault;
  }
}

TEST_P(SimPaginator, ALoopGivesTheSamePagesAgain) {
  const SimProcess sim(kBinary, Args({"--records", "1000", "--fault", "cursor-loop"}));
  const std::vector<std::uint64_t> ids = Ids(All(sim, "/records"));
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 200u);
  EXPECT_GE(ids.size(), 1000u);
  EXPECT_EQ(ids[200], ids[0]);
}

TEST_P(SimPaginator, ACappedListEndsEarlyButTellsItsTotal) {
  const SimProcess sim(kBinary, Args({"--records", "500", "--cap", "300"}));
  EXPECT_EQ(All(sim, "/records").size(), 300u);
  EXPECT_EQ(Get(sim, "/records").headers.at("x-total-count"), "500");
}

TEST_F(SimRest, SameSeedGivesTheSameBytes) {
  const SimProcess first(kBinary, Args("cursor", {"--seed", "7"}));
  const SimProcess second(kBinary, Args("cursor", {"--seed", "7"}));
  const SimProcess other(kBinary, Args("cursor", {"--seed", "8"}));
  const std::string body = Get(first, "/records").body;
  EXPECT_EQ(body, Get(second, "/records").body);
  EXPECT_NE(body, Get(other, "/records").body);
}

TEST_F(SimRest, EnvelopesAreThoseOfTheirPaginator) {
  const auto keys = [](const std::string& paginator) {
    const SimProcess sim(kBinary, Args(paginator));
    const json body = json::parse(Get(sim, "/records").body);
    std::string names;
    for (const auto& [name, value] : body.items()) names += body.is_object() ? name + " " : "";
    return names;
  };
  EXPECT_EQ(keys("header_link") + keys("page_number") + keys("header_cursor"), "");
  EXPECT_EQ(keys("offset"), "results total ");
  EXPECT_EQ(keys("cursor"), "next_cursor results ");
  EXPECT_EQ(keys("json_link"), "next results ");
}

TEST_F(SimRest, LinksNameTheNeighbours) {
  const SimProcess sim(kBinary, Args("header_link", {"--records", "30"}));
  const std::string url = sim.url() + "/records?per_page=10&page=";
  EXPECT_EQ(Get(sim, "/records?page=2&per_page=10").headers.at("link"),
            "<" + url + "1>; rel=\"prev\", <" + url + "3>; rel=\"next\", <" + url +
                "3>; rel=\"last\", <" + url + "1>; rel=\"first\"");
}

TEST_F(SimRest, PagesAreCutAtTheirLargestSize) {
  const SimProcess sim(kBinary, Args("offset", {"--page-max", "40"}));
  for (const char* query : {"", "?limit=1000", "?per_page=41"}) {
    EXPECT_EQ(json::parse(Get(sim, std::string("/records") + query).body).at("results").size(), 40u)
        << query;
  }
}

TEST_F(SimRest, NonsenseIsRefused) {
  const SimProcess sim(kBinary, Args("cursor"));
  for (const char* query : {"limit=0", "limit=x", "cursor=1", "updated_since=yesterday"}) {
    EXPECT_EQ(Get(sim, std::string("/records?") + query).status, 400) << query;
  }
  EXPECT_EQ(Get(sim, "/records/1001").status, 404);
  EXPECT_EQ(Get(sim, "/nothing").status, 404);
}

TEST_F(SimRest, ACursorBelongsToItsFilter) {
  const SimProcess sim(kBinary, Args("cursor"));
  const std::string cursor = json::parse(Get(sim, "/records").body).at("next_cursor");
  EXPECT_EQ(Get(sim, "/records?cursor=" + Encoded(cursor)).status, 200);
  EXPECT_EQ(Get(sim, "/records?cursor=" + cursor).status, 400);
  EXPECT_EQ(Get(sim, "/records?order=updated&cursor=" + Encoded(cursor)).status, 400);
}

TEST_F(SimRest, FiltersByTimeIncludeTheStartOnly) {
  const SimProcess sim(kBinary, Args("offset", {"--records", "600", "--edit", "30"}));
  std::vector<json> all = All(sim, "offset", "/records?order=updated");
  const auto time_of = [](const json& record) {
    return record.at("updated_at").get<std::string>();
  };
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, time_of));
  const std::string since = time_of(all[200]);
  const std::string before = time_of(all[580]);
  std::erase_if(all, [&](const json& record) {
    return time_of(record) < since || time_of(record) >= before;
  });
  const std::string filter = "updated_since=" + since + "&updated_before=" + before;
  EXPECT_EQ(All(sim, "offset", "/records?order=updated&" + filter), all);
  std::ranges::sort(all, {}, [](const json& record) { return record.at("id").get<int>(); });
  EXPECT_EQ(All(sim, "offset", "/records?" + filter), all);
}

TEST_F(SimRest, EditedRecordsAreNewerAndDeletedOnesGone) {
  const SimProcess before(kBinary, Args("offset"));
  const SimProcess after(kBinary, Args("offset", {"--edit", "3", "--delete", "2"}));
  const std::string newest =
      All(before, "offset", "/records?order=updated").back().at("updated_at");
  int changed = 0;
  for (const json& record : All(after, "offset", "/records?order=updated")) {
    const std::string path = "/records/" + std::to_string(record.at("id").get<int>());
    const json old = json::parse(Get(before, path).body);
    if (old == record) continue;
    ++changed;
    EXPECT_GT(record.at("updated_at"), newest);
    EXPECT_NE(record.at("value"), old.at("value"));
  }
  EXPECT_EQ(changed, 3);
  EXPECT_EQ(All(after, "offset", "/records").size(), 998u);
}

TEST_F(SimRest, BigIdsNeedMoreThanADouble) {
  const SimProcess sim(kBinary, Args("header_link", {"--big-ids"}));
  const std::string body = Get(sim, "/records?limit=1").body;
  EXPECT_TRUE(body.starts_with(R"([{"id":9007199254740993,)")) << body;
  EXPECT_TRUE(std::regex_search(body, std::regex("\"huge\":[0-9]{25}[,}]"))) << body;
  EXPECT_EQ(Get(sim, "/records/9007199254740993").status, 200);
}

TEST_F(SimRest, HostileRecordsAreValidJson) {
  const SimProcess sim(kBinary, Args("cursor", {"--hostile", "--records", "600"}));
  std::set<std::string> names;
  for (const json& record : All(sim, "cursor", "/records")) {
    if (record.at("name").is_string()) names.insert(record.at("name"));
  }
  EXPECT_TRUE(names.contains(""));
  EXPECT_TRUE(names.contains("+1+1"));
  EXPECT_TRUE(names.contains("two\r\nlines"));
  EXPECT_TRUE(names.contains(std::string("nul\0inside", 10)));
  EXPECT_TRUE(names.contains(std::string(100'000, 'x')));
}

TEST_F(SimRest, AMillionRecordsTakeNoMemory) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer keeps what is freed";
  const SimProcess sim(kBinary, Args("offset", {"--records", "1000000"}));
  for (int i = 0; i < 50; ++i) {
    const auto offset = std::to_string(i * 20'000);
    EXPECT_EQ(json::parse(Get(sim, "/records?offset=" + offset).body).at("results").size(), 100u);
  }
  EXPECT_LT(sim.ResidentBytes(), 30 << 20);
}

TEST_F(SimRest, RefusalsAreWordedAsItsOwn) {
  for (const auto& [fault, status] : {std::pair{"429", 429}, {"500", 500}, {"503", 503}}) {
    const SimProcess sim(kBinary, Args("cursor", {"--fault", fault}));
    const HttpAnswer answer = Get(sim, "/records");
    EXPECT_EQ(answer.status, status);
    EXPECT_TRUE(json::parse(answer.body).at("error").is_string()) << answer.body;
    EXPECT_EQ(answer.headers.contains("retry-after"), status == 429);
  }
}

TEST_F(SimRest, WithABearerTokenOnlyThatOnePasses) {
  const SimProcess sim(kBinary, Args("cursor", {"--auth", "bearer:s3cret"}));
  EXPECT_EQ(Get(sim, "/records").status, 401);
  EXPECT_EQ(Get(sim, "/records", "other").status, 401);
  EXPECT_EQ(Get(sim, "/records", "s3cret").status, 200);
}

TEST_F(SimRest, WithAPasswordOnlyThatOnePasses) {
  const SimProcess sim(kBinary, Args("cursor", {"--auth", "basic:ann:pass:word"}));
  const std::string host = sim.url().substr(7);
  EXPECT_EQ(Send({.url = "http://ann:pass%3Aword@" + host + "/records", .token = ""}).status, 200);
  EXPECT_EQ(Send({.url = "http://ann:wrong@" + host + "/records", .token = ""}).status, 401);
  EXPECT_EQ(Get(sim, "/records").status, 401);
}

TEST_F(SimRest, WithAKeyOnlyThatOnePasses) {
  const SimProcess sim(kBinary, Args("header_link", {"--auth", "api_key:Notion-Version:k1"}));
  const auto status = [&](const std::string& key) {
    return Send({.url = sim.url() + "/records", .version = key, .token = ""}).status;
  };
  EXPECT_EQ(status("k1"), 200);
  EXPECT_EQ(status("k2"), 401);
  EXPECT_EQ(Get(sim, "/records?Notion-Version=k1").status, 200);
}

class SimOAuth : public SimRest {
 protected:
  static HttpAnswer Token(const SimProcess& sim, const std::string& form) {
    return Send({.method = "POST",
                 .url = sim.url() + "/oauth/token",
                 .body = form + "&client_id=ann&client_secret=pass",
                 .token = ""});
  }
  static std::string Field(const HttpAnswer& answer, const char* name) {
    return json::parse(answer.body).at(name);
  }
};

TEST_F(SimOAuth, ClientCredentialsGiveATokenThatWorks) {
  const SimProcess sim(kBinary, Args("cursor", {"--auth", "oauth2:ann:pass"}));
  EXPECT_EQ(Get(sim, "/records", "made-up").status, 401);
  const HttpAnswer answer = Token(sim, "grant_type=client_credentials");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Get(sim, "/records", Field(answer, "access_token")).status, 200);
}

TEST_F(SimOAuth, StrangersGetNoToken) {
  const SimProcess sim(kBinary, Args("cursor", {"--auth", "oauth2:bob:pass"}));
  const HttpAnswer answer = Token(sim, "grant_type=client_credentials");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(Field(answer, "error"), "invalid_client");
}

TEST_F(SimOAuth, ARefreshTokenWorksOnce) {
  const SimProcess sim(kBinary, Args("cursor", {"--auth", "oauth2", "--refresh-token", "r0"}));
  const HttpAnswer first = Token(sim, "grant_type=refresh_token&refresh_token=r0");
  ASSERT_EQ(first.status, 200) << first.body;
  const HttpAnswer again = Token(sim, "grant_type=refresh_token&refresh_token=r0");
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(Field(again, "error"), "invalid_grant");
  const std::string next = Field(first, "refresh_token");
  EXPECT_EQ(Token(sim, "grant_type=refresh_token&refresh_token=" + next).status, 200);
}

TEST_F(SimOAuth, AnAccessTokenServesSoManyRequests) {
  for (const auto& flags : {std::pair{"--token-requests", "2"}, {"--fault", "401-after:2"}}) {
    const SimProcess sim(kBinary, Args("cursor", {"--auth", "oauth2", flags.first, flags.second}));
    for (int renewal = 0; renewal < 2; ++renewal) {
      const std::string token = Field(Token(sim, "grant_type=client_credentials"), "access_token");
      for (const int status : {200, 200, 401})
        EXPECT_EQ(Get(sim, "/records", token).status, status);
    }
  }
}

TEST_F(SimRest, UnknownAuthIsRefused) {
  EXPECT_THROW(SimProcess(kBinary, Args("cursor", {"--auth", "magic"})), std::runtime_error);
}

}  // namespace
}  // namespace sluice
