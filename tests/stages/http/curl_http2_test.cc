// CurlTransport over HTTP/2: many requests on one connection, and what a server can do to them.
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "stages/http/curl_transport.h"
#include "stages/json/raw_json.h"
#include "tests/support/h2_server.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Then = H2Fault::Then;

const std::string kWhole = R"({"list":[1,2,3]})";

// Requests under way, in the order of their start.
class Exchange {
 public:
  Exchange(const H2Server& server, CurlOptions options = {}) : url_(server.url()) {
    options.ca_file = server.authority();
    transport_ = std::make_unique<CurlTransport>(std::move(options));
  }
  // `request.url` is the path.
  std::future<TransportResult> Start(HttpRequest request) {
    auto promise = std::make_shared<std::promise<TransportResult>>();
    request.url = url_ + request.url;
    transport_->Post([this, promise, request = std::move(request)] {
      transport_->Start(request,
                        [promise](TransportResult r) { promise->set_value(std::move(r)); });
    });
    return promise->get_future();
  }
  TransportResult Get(HttpRequest request = {.url = "/"}) {
    return Start(std::move(request)).get();
  }
  // All at once: "/0", "/1", ...
  std::vector<TransportResult> GetMany(int count, std::chrono::milliseconds timeout = 60s) {
    std::vector<std::future<TransportResult>> under_way;
    for (int i = 0; i < count; ++i) {
      under_way.push_back(Start({.url = "/" + std::to_string(i), .timeout = timeout}));
    }
    std::vector<TransportResult> results;
    for (auto& one : under_way) results.push_back(one.get());
    return results;
  }
  CurlTransport& transport() { return *transport_; }

 private:
  const std::string url_;
  std::unique_ptr<CurlTransport> transport_;
};

H2Server::Handler Always(H2Answer answer) {
  return [answer](const H2Request&) { return answer; };
}

// The first request on the wire is spoilt, all others are answered whole.
H2Server::Handler SpoilFirst(H2Fault fault) {
  return [fault, hit = std::make_shared<std::atomic<bool>>(false)](const H2Request&) {
    return H2Answer{.body = kWhole, .fault = hit->exchange(true) ? H2Fault{} : fault};
  };
}

int CountWhole(const std::vector<TransportResult>& results) {
  return static_cast<int>(std::ranges::count_if(
      results, [](const auto& result) { return result && result->body == kWhole; }));
}

// Not whole: a transient error, or a success whose body is no JSON.
void ExpectWholeOrKnownToBeCut(const TransportResult& result) {
  if (!result) {
    EXPECT_EQ(result.error().code, Code::kTransient) << result.error().message;
  } else if (result->body != kWhole) {
    const auto json = RawJson::Parse(result->body);
    ASSERT_FALSE(json.has_value()) << result->body;
    EXPECT_EQ(json.error().code, Code::kTransient);
  }
}

// --- what is spoken ---

TEST(CurlHttp2, ManyRequestsShareOneConnection) {
  const H2Server server(Always({.body = kWhole}), {.gather = 64});
  EXPECT_EQ(CountWhole(Exchange(server).GetMany(64)), 64);
  EXPECT_EQ(server.requests(), 64);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlHttp2, RequestAndAnswerComeThroughWhole) {
  std::promise<H2Request> seen;
  const H2Server server([&](const H2Request& request) {
    seen.set_value(request);
    return H2Answer{.status = 201, .headers = {{"x-thing", "a b"}}, .body = kWhole};
  });
  const auto got = Exchange(server).Get({.method = "POST",
                                         .url = "/v1/search?x=1",
                                         .headers = {{"Authorization", "Bearer t"}},
                                         .body = R"({"a":1})"});
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->status, 201);
  EXPECT_EQ(*got->Header("X-Thing"), "a b");
  EXPECT_EQ(got->body, kWhole);
  const H2Request request = seen.get_future().get();
  EXPECT_EQ(request.method + " " + request.path, "POST /v1/search?x=1");
  EXPECT_EQ(*FindHeader(request.headers, "authorization"), "Bearer t");
  EXPECT_EQ(request.body, R"({"a":1})");
}

TEST(CurlHttp2, MoreRequestsThanTheServerTakesAtOnceAreAllAnswered) {
  const H2Server server(Always({.body = kWhole}), {.streams_max = 5});
  EXPECT_EQ(CountWhole(Exchange(server).GetMany(64)), 64);
}

TEST(CurlHttp2, LargeBodiesSideBySideKeepTheirBytes) {
  const auto body_of = [](const std::string& path) {
    return path + std::string(1'000'000, path.back());
  };
  const H2Server server(
      [&](const H2Request& request) { return H2Answer{.body = body_of(request.path)}; });
  const auto results = Exchange(server).GetMany(32);
  for (int i = 0; i < 32; ++i) {
    ASSERT_TRUE(results[i].has_value()) << results[i].error().message;
    EXPECT_TRUE(results[i]->body == body_of("/" + std::to_string(i))) << i;
  }
}

TEST(CurlHttp2, WhatThisLibcurlUnpacksIsAskedFor) {
  std::promise<std::string> accepted;
  const H2Server server([&](const H2Request& request) {
    accepted.set_value(*FindHeader(request.headers, "accept-encoding"));
    return H2Answer{.body = kWhole};
  });
  Exchange(server).Get();
  const std::string encodings = accepted.get_future().get();
  const int features = curl_version_info(CURLVERSION_NOW)->features;
  EXPECT_THAT(encodings, HasSubstr("gzip"));
  EXPECT_EQ(encodings.find("br") != std::string::npos, (features & CURL_VERSION_BROTLI) != 0);
  EXPECT_EQ(encodings.find("zstd") != std::string::npos, (features & CURL_VERSION_ZSTD) != 0);
}

// Over TLS requests wait for the first one, to share its connection; here nothing could be shared.
TEST(CurlHttp2, PlainHttpNeverWaitsForAnother) {
  std::promise<void> second_came;
  RawServer server([&](RawConnection& connection) {
    const std::string request = connection.ReadRequest();
    if (request.starts_with("GET /second")) second_came.set_value();
    connection.ReadRequest();  // until the client hangs up
  });
  CurlTransport transport({});
  transport.Post([&] {
    transport.Start({.url = server.Url("/first")}, [](const TransportResult&) {});
    transport.Start({.url = server.Url("/second")}, [](const TransportResult&) {});
  });
  EXPECT_EQ(second_came.get_future().wait_for(30s), std::future_status::ready);
}

// --- one stream breaks ---

struct StreamCase {
  std::string name;
  H2Fault fault;
  int curl_code;
  bool calm = false;
};
void PrintTo(const StreamCase& test, std::ostream* out) { *out << test.name; }

class BrokenStream : public testing::TestWithParam<StreamCase> {};

TEST_P(BrokenStream, FailsAloneAndIsTransient) {
  const H2Server server(SpoilFirst(GetParam().fault), {.gather = 32});
  const auto results = Exchange(server).GetMany(32);
  EXPECT_EQ(CountWhole(results), 31);
  const auto failed =
      std::ranges::find_if(results, [](const auto& result) { return !result.has_value(); });
  ASSERT_NE(failed, results.end());
  EXPECT_EQ(failed->error().code, Code::kTransient);
  EXPECT_EQ(failed->error().curl_code, GetParam().curl_code) << failed->error().message;
  EXPECT_EQ(failed->error().calm, GetParam().calm) << failed->error().message;
  EXPECT_EQ(server.requests(), 32);
  EXPECT_EQ(server.connections(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    CurlHttp2, BrokenStream,
    testing::Values(
        StreamCase{"InternalBefore", {Then::kReset, kInternalError, {}}, CURLE_HTTP2_STREAM},
        StreamCase{"InternalMidBody", {Then::kReset, kInternalError, 9}, CURLE_HTTP2_STREAM},
        StreamCase{"CancelBefore", {Then::kReset, kCancel, {}}, CURLE_HTTP2_STREAM},
        StreamCase{"CancelMidBody", {Then::kReset, kCancel, 9}, CURLE_HTTP2_STREAM},
        StreamCase{"CalmBefore", {Then::kReset, kEnhanceYourCalm, {}}, CURLE_HTTP2_STREAM, true},
        StreamCase{"CalmMidBody", {Then::kReset, kEnhanceYourCalm, 9}, CURLE_HTTP2_STREAM, true},
        StreamCase{"NoErrorBefore", {Then::kReset, kNoError, {}}, CURLE_HTTP2_STREAM}),
    [](const auto& test) { return test.param.name; });

// Row 29 of the faults: libcurl before 8.0 calls it a success.
class CutStream : public testing::TestWithParam<int> {
 protected:
  H2Fault Cut() const { return {Then::kReset, kNoError, static_cast<std::size_t>(GetParam())}; }
};

// Whole: libcurl has sent it again, because it was given nothing of it.
TEST_P(CutStream, IsAnErrorOrNoJsonOrSentAgain) {
  for (const int count : {1, 32}) {
    const H2Server server(SpoilFirst(Cut()), {.gather = count});
    const auto results = Exchange(server).GetMany(count);
    EXPECT_GE(CountWhole(results), count - 1);
    for (const auto& result : results) ExpectWholeOrKnownToBeCut(result);
    EXPECT_LE(server.requests(), count + 5);
  }
}

TEST_P(CutStream, IsAnErrorOrSentAgainWhereTheLengthWasDeclared) {
  for (const int count : {1, 32}) {
    const H2Server server(
        [fault = Cut(), hit = std::make_shared<std::atomic<bool>>(false)](const H2Request&) {
          return H2Answer{.headers = {{"content-length", std::to_string(kWhole.size())}},
                          .body = kWhole,
                          .fault = hit->exchange(true) ? H2Fault{} : fault};
        },
        {.gather = count});
    for (const auto& result : Exchange(server).GetMany(count)) {
      if (result) {
        EXPECT_EQ(result->body, kWhole);
      } else {
        EXPECT_EQ(result.error().code, Code::kTransient) << result.error().message;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(CurlHttp2, CutStream, testing::Values(0, 1, 9, 15));

// "/silent" never gets more than a part.
H2Answer SilentOrWhole(const H2Request& request) {
  return {.body = kWhole,
          .fault = request.path == "/silent" ? H2Fault{Then::kSilence, 0, 9} : H2Fault{}};
}

TEST(CurlHttp2, ATimeoutEndsItsOwnRequestAlone) {
  const H2Server server(SilentOrWhole);
  Exchange exchange(server);
  auto waits = exchange.Start({.url = "/silent"});
  const auto timed_out = exchange.Get({.url = "/silent", .timeout = 300ms});
  ASSERT_FALSE(timed_out.has_value());
  EXPECT_EQ(timed_out.error().code, Code::kTransient);
  EXPECT_EQ(timed_out.error().curl_code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(CountWhole(exchange.GetMany(10)), 10);
  EXPECT_EQ(waits.wait_for(0s), std::future_status::timeout) << "it still waits";
  EXPECT_EQ(server.connections(), 1);
  exchange.transport().Stop();
  EXPECT_EQ(waits.get().error().code, Code::kCancelled);
}

TEST(CurlHttp2, ASlowBodyIsGivenUpAlone) {
  const H2Server server(SilentOrWhole);
  Exchange exchange(server, {.low_speed_bytes_per_second = 1000, .low_speed_time = 1s});
  const auto slow = exchange.Get({.url = "/silent"});
  ASSERT_FALSE(slow.has_value());
  EXPECT_EQ(slow.error().curl_code, CURLE_OPERATION_TIMEDOUT);
  EXPECT_EQ(CountWhole(exchange.GetMany(10)), 10);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlHttp2, ABodyOverTheLimitEndsItsOwnRequestAlone) {
  const H2Server server([](const H2Request& request) {
    return H2Answer{.body = request.path == "/large" ? std::string(300'000, 'x') : kWhole};
  });
  Exchange exchange(server);
  auto large = exchange.Start({.url = "/large", .body_bytes_max = 100'000});
  EXPECT_EQ(CountWhole(exchange.GetMany(10)), 10);
  const auto refused = large.get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("larger than"));
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlHttp2, StopCancelsEveryStream) {
  const H2Server server(Always({.body = kWhole, .fault = {Then::kSilence, 0, {}}}), {.gather = 20});
  Exchange exchange(server);
  std::vector<std::future<TransportResult>> under_way;
  for (int i = 0; i < 20; ++i) under_way.push_back(exchange.Start({.url = "/"}));
  while (server.requests() < 20) std::this_thread::yield();
  exchange.transport().Stop();
  for (auto& one : under_way) EXPECT_EQ(one.get().error().code, Code::kCancelled);
}

// --- what libcurl sends again by itself ---

TEST(CurlHttp2, ARefusedStreamIsSentAgain) {
  const H2Server server(SpoilFirst({Then::kReset, kRefusedStream, {}}), {.gather = 32});
  EXPECT_EQ(CountWhole(Exchange(server).GetMany(32)), 32);
  EXPECT_EQ(server.requests(), 33);
}

TEST(CurlHttp2, AStreamThatIsAlwaysRefusedIsSentSixTimes) {
  const H2Server server(Always({.fault = {Then::kReset, kRefusedStream, {}}}));
  const auto got = Exchange(server).Get();
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient) << got.error().message;
  EXPECT_LE(server.requests(), 6);
}

class GoAway : public testing::TestWithParam<StreamCase> {};

// Streams that the GOAWAY takes are answered; the others were not looked at, and go again.
TEST_P(GoAway, LosesNothing) {
  const H2Server server(SpoilFirst(GetParam().fault), {.gather = 32});
  EXPECT_EQ(CountWhole(Exchange(server).GetMany(32)), 32);
  EXPECT_LE(server.requests(), 64);
}

INSTANTIATE_TEST_SUITE_P(
    CurlHttp2, GoAway,
    testing::Values(StreamCase{"Before", {Then::kGoAway, kNoError, {}}, 0},
                    StreamCase{"MidBody", {Then::kGoAway, kNoError, 9}, 0},
                    StreamCase{"CalmMidBody", {Then::kGoAway, kEnhanceYourCalm, 9}, 0},
                    StreamCase{"TakesNone", {Then::kRefuseAll, kNoError, {}}, 0}),
    [](const auto& test) { return test.param.name; });

class BrokenConnection : public testing::TestWithParam<StreamCase> {};

TEST_P(BrokenConnection, IsTransientForAllThatHadBegun) {
  const H2Server server(
      [](const H2Request& request) {
        const H2Fault cut{Then::kSilence, 0, 9};
        const bool last = request.path == "/31";
        if (request.connection > 1) return H2Answer{.body = kWhole};
        return H2Answer{.body = kWhole, .fault = last ? GetParam().fault : cut};
      },
      {.gather = 32});
  for (const auto& result : Exchange(server).GetMany(32)) ExpectWholeOrKnownToBeCut(result);
  EXPECT_LE(server.requests(), 64);
}

INSTANTIATE_TEST_SUITE_P(
    CurlHttp2, BrokenConnection,
    testing::Values(StreamCase{"Close", {Then::kClose, 0, {}}, 0},
                    StreamCase{"CloseMidBody", {Then::kClose, 0, 9}, 0},
                    StreamCase{"GoAwayAndClose", {Then::kGoAwayAndClose, kNoError, 9}, 0},
                    StreamCase{
                        "GoAwayErrorAndClose", {Then::kGoAwayAndClose, kInternalError, 9}, 0},
                    StreamCase{"GoAwayTakesNone", {Then::kRefuseAll, kNoError, {}}, 0},
                    StreamCase{"GoAwayErrorTakesNone", {Then::kRefuseAll, kInternalError, {}}, 0}),
    [](const auto& test) { return test.param.name; });

// --- what must not be sent twice ---

HttpRequest Once() { return {.method = "POST", .url = "/once", .body = "{}", .once = true}; }

TEST(CurlHttp2, WhatGoesOnceSharesItsConnectionWithNone) {
  std::promise<void> arrived;
  std::promise<void> may_end;
  std::map<std::string, int> connection_of;
  std::mutex mutex;
  const H2Server server([&](const H2Request& request) {
    {
      const std::lock_guard lock(mutex);
      connection_of[request.path] = request.connection;
    }
    if (request.path == "/once") {
      arrived.set_value();
      may_end.get_future().wait();
    }
    return H2Answer{.body = kWhole};
  });
  Exchange exchange(server);
  auto once = exchange.Start(Once());
  arrived.get_future().wait();
  EXPECT_EQ(CountWhole(exchange.GetMany(10, 30s)), 10);  // while it is under way
  may_end.set_value();
  ASSERT_TRUE(once.get().has_value());
  EXPECT_EQ(CountWhole(exchange.GetMany(10)), 10);
  const int own = connection_of.extract("/once").mapped();
  for (const auto& [path, connection] : connection_of) EXPECT_NE(connection, own) << path;
}

// The server may have acted on it.
TEST(CurlHttp2, WhatGoesOnceIsNotSentAgainWhenItsConnectionBreaks) {
  for (const H2Fault& fault :
       {H2Fault{Then::kClose, 0, {}}, H2Fault{Then::kClose, 0, 0},
        H2Fault{Then::kGoAwayAndClose, kNoError, {}}, H2Fault{Then::kReset, kInternalError, {}},
        H2Fault{Then::kReset, kNoError, {}}}) {
    const H2Server server([&](const H2Request& request) {
      return H2Answer{.body = kWhole, .fault = request.path == "/once" ? fault : H2Fault{}};
    });
    Exchange exchange(server);
    ASSERT_TRUE(exchange.Get({.url = "/before"}).has_value());
    const auto got = exchange.Get(Once());
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, Code::kTransient);
    EXPECT_EQ(server.requests(), 2) << got.error().message;
  }
}

// The server says that it has not looked at it.
TEST(CurlHttp2, WhatGoesOnceIsSentAgainWhereItWasRefused) {
  const H2Server server(SpoilFirst({Then::kReset, kRefusedStream, {}}));
  EXPECT_EQ(Exchange(server).Get(Once())->body, kWhole);
  EXPECT_EQ(server.requests(), 2);
}

}  // namespace
}  // namespace sluice
