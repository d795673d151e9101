// CurlTransport against real sockets: what the wire can do to us, and what we never do to it.
#include "stages/http/curl_transport.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>

#include "tests/support/raw_server.h"
#include "tests/support/tls_server.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

std::string Gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Answers every request of a connection alike.
RawServer::Handler Always(std::string body, std::string status = "200 OK",
                          std::string more_headers = "") {
  return [=](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) connection.Answer(body, status, more_headers);
  };
}

// Writes `bytes` after each request and closes.
RawServer::Handler Once(std::string bytes) {
  return [=](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write(bytes);
  };
}

TransportResult Get(CurlTransport& transport, HttpRequest request) {
  auto promise = std::make_shared<std::promise<TransportResult>>();
  transport.Post([&transport, promise, request = std::move(request)] {
    transport.Start(request, [promise](TransportResult r) { promise->set_value(std::move(r)); });
  });
  return promise->get_future().get();
}

TransportResult Get(HttpRequest request, CurlOptions options = {}) {
  CurlTransport transport(std::move(options));
  return Get(transport, std::move(request));
}

TEST(CurlTransport, GivesStatusHeadersAndBody) {
  RawServer server(Always("{}", "201 Created", "X-Thing: a b \r\n"));
  const auto got = Get({.url = server.Url()});
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->status, 201);
  EXPECT_EQ(got->body, "{}");
  EXPECT_EQ(*got->Header("x-thing"), "a b");
  EXPECT_GT(got->elapsed.count(), 0);
}

TEST(CurlTransport, SendsMethodBodyAndHeaders) {
  std::promise<std::string> seen;
  RawServer server([&](RawConnection& connection) {
    seen.set_value(connection.ReadRequest());
    connection.Answer("{}");
  });
  Get({.method = "POST",
       .url = server.Url("/v1/search?x=1"),
       .headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}},
       .body = R"({"a":1})"});
  const std::string request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /v1/search?x=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find("X-Empty:\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\n{\"a\":1}"));
  EXPECT_EQ(request.find("Expect:"), std::string::npos);
}

TEST(CurlTransport, ReusesItsConnection) {
  RawServer server(Always("{}"));
  CurlTransport transport({});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Get(transport, {.url = server.Url()}).has_value());
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, SendsAgainWhereAKeptConnectionHasDied) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Answer("{}");  // and closes, without having said so
  });
  CurlTransport transport({});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Get(transport, {.method = "POST", .url = server.Url(), .body = "{}"}).has_value());
  }
}

TEST(CurlTransport, Unpacks) {
  RawServer server(Always(Gzip("hello"), "200 OK", "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(Get({.url = server.Url()})->body, "hello");
}

TEST(CurlTransport, AnswerThatCannotBeUnpackedIsDamagedAndAskedForAgain) {
  RawServer server(Always(Gzip("hello") + "behind", "200 OK", "Content-Encoding: gzip\r\n"));
  const auto got = Get({.url = server.Url()});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
  EXPECT_NE(got.error().message.find("could not be decoded"), std::string::npos)
      << got.error().message;
}

void ExpectTooLarge(const RawServer& server) {
  const auto got = Get({.url = server.Url(), .body_bytes_max = 1 << 20});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kInvalid);
  EXPECT_NE(got.error().message.find("larger than"), std::string::npos) << got.error().message;
}

TEST(CurlTransport, StopsAGzipBombAtTheLimit) {
  RawServer server(
      Always(Gzip(std::string(50 << 20, 'x')), "200 OK", "Content-Encoding: gzip\r\n"));
  ExpectTooLarge(server);
}

TEST(CurlTransport, StopsAnEndlessChunkedBodyAtTheLimit) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    while (connection.Write(chunk)) {
    }
  });
  ExpectTooLarge(server);
}

TEST(CurlTransport, StopsAHeaderFlood) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\n");
    while (connection.Write("X-Flood: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const auto got = Get({.url = server.Url()});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kInvalid);
  EXPECT_NE(got.error().message.find("headers"), std::string::npos) << got.error().message;
}

struct Broken {
  const char* name;
  const char* bytes;
  int curl_code;
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

class BrokenAnswer : public testing::TestWithParam<Broken> {};

TEST_P(BrokenAnswer, IsTransientAndNeverComplete) {
  RawServer server(Once(GetParam().bytes));
  const auto got = Get({.url = server.Url()});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
  EXPECT_EQ(got.error().curl_code, GetParam().curl_code) << got.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    CurlTransport, BrokenAnswer,
    testing::Values(
        Broken{"shorter than Content-Length",
               "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", CURLE_PARTIAL_FILE},
        Broken{"cut between chunks",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
               CURLE_PARTIAL_FILE},
        Broken{"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
               CURLE_RECV_ERROR},
        Broken{"nothing", "", CURLE_GOT_NOTHING}));

TEST(CurlTransport, AResetInMidBodyIsTransient) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    connection.Reset();
  });
  const auto got = Get({.url = server.Url()});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
}

TEST(CurlTransport, AClosedPortIsNetwork) {
  int port = 0;
  { port = RawServer(Always("")).port(); }
  const auto got = Get({.url = "http://127.0.0.1:" + std::to_string(port)});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kNetwork);
}

TEST(CurlTransport, ASilentServerTimesOut) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.ReadRequest();  // until the client hangs up
  });
  const auto got = Get({.url = server.Url(), .timeout = 200ms});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
  EXPECT_EQ(got.error().curl_code, CURLE_OPERATION_TIMEDOUT);
}

TEST(CurlTransport, ASlowDripIsGivenUp) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    connection.ReadRequest();
  });
  const auto got =
      Get({.url = server.Url()}, {.low_speed_bytes_per_second = 1000, .low_speed_time = 1s});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
  EXPECT_EQ(got.error().curl_code, CURLE_OPERATION_TIMEDOUT);
}

TEST(CurlTransport, HeadersThatDripAreGivenUp) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    const std::string head = "HTTP/1.1 200 OK\r\nX-Slow: " + std::string(1000, 'x');
    for (const char c : head) {
      pollfd client{.fd = connection.fd(), .events = POLLIN, .revents = 0};
      if (!connection.Write({&c, 1}) || poll(&client, 1, 50) != 0) return;
    }
  });
  const auto got =
      Get({.url = server.Url()}, {.low_speed_bytes_per_second = 1000, .low_speed_time = 1s});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kTransient);
  EXPECT_EQ(got.error().curl_code, CURLE_OPERATION_TIMEDOUT);
}

// A full backlog drops what asks for a connection, as a firewall does.
TEST(CurlTransport, AHostThatDropsConnectionsIsNetwork) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listening, any, length), 0);
  ASSERT_EQ(listen(listening, 0), 0);
  ASSERT_EQ(getsockname(listening, any, &length), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 3; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)!connect(fillers.back(), any, length);
  }
  const auto got = Get({.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))},
                       {.connect_timeout = 300ms});
  for (const int fd : fillers) close(fd);
  close(listening);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kNetwork) << got.error().message;
  EXPECT_EQ(got.error().curl_code, CURLE_OPERATION_TIMEDOUT);
}

constexpr const char* kCanary = "canary4711";

HttpRequest WithSecrets(std::string url) {
  return {.url = std::move(url),
          .headers = {{"Authorization", std::string("Bearer ") + kCanary},
                      {"X-Api-Key", kCanary},
                      {"Cookie", kCanary},
                      {"trakt-api-key", kCanary},
                      {"Accept", "application/json"}}};
}

TEST(CurlTransport, FollowsWithinTheOriginWithItsHeaders) {
  std::atomic<int> with_secret = 0;
  RawServer server([&](RawConnection& connection) {
    for (std::string request; !(request = connection.ReadRequest()).empty();) {
      with_secret += request.find(kCanary) != std::string::npos ? 1 : 0;
      if (request.starts_with("GET /a ")) {
        connection.Answer("", "302 Found", "Location: /b\r\n");
      } else {
        connection.Answer("there");
      }
    }
  });
  const auto got = Get(WithSecrets(server.Url("/a")));
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->body, "there");
  EXPECT_EQ(with_secret, 2);
}

TEST(CurlTransport, TakesNoSecretToAnotherOrigin) {
  for (const char* status : {"301 A", "302 B", "303 C", "307 D", "308 E"}) {
    std::promise<std::string> seen;
    RawServer other([&](RawConnection& connection) {
      seen.set_value(connection.ReadRequest());
      connection.Answer("there");
    });
    RawServer server(Always("", status, "Location: " + other.Url("/x") + "\r\n"));
    const auto got = Get(WithSecrets(server.Url()));
    ASSERT_TRUE(got.has_value()) << got.error().message;
    const std::string request = seen.get_future().get();
    EXPECT_EQ(request.find(kCanary), std::string::npos) << request;
    EXPECT_NE(request.find("Accept: application/json"), std::string::npos) << request;
  }
}

TEST(CurlTransport, RefusesRedirectsToOtherSchemes) {
  for (const char* target :
       {"file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://10.0.0.1/"}) {
    RawServer server(Always("", "302 Found", "Location: " + std::string(target) + "\r\n"));
    const auto got = Get(WithSecrets(server.Url()));
    ASSERT_FALSE(got.has_value()) << target;
    EXPECT_EQ(got.error().code, Code::kInvalid) << target;
  }
}

TEST(CurlTransport, EndsAnEndlessRedirect) {
  std::atomic<int> asked = 0;
  RawServer server([&](RawConnection& connection) {
    while (!connection.ReadRequest().empty()) {
      ++asked;
      connection.Answer("", "302 Found", "Location: /again\r\n");
    }
  });
  const auto got = Get({.url = server.Url()});
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Code::kInvalid);
  EXPECT_EQ(got.error().redirects, 5);
  EXPECT_EQ(asked, 6) << "the request and five redirects";
}

TEST(CurlTransport, DoesNotFollowAPost) {
  RawServer server(Always("", "307 Temporary Redirect", "Location: /b\r\n"));
  EXPECT_EQ(Get({.method = "POST", .url = server.Url(), .body = "{}"})->status, 307);
}

TEST(CurlTransport, RefusesWhatMustNotBeSent) {
  const HttpRequest table[] = {
      {.url = "http://example.com/"},
      {.url = "file:///etc/hostname"},
      {.url = "ftp://127.0.0.1/"},
      {.url = "not a url"},
      {.url = "http://127.0.0.1:1/", .headers = {{"Authorization", "Bearer x\r\nX-Evil: 1"}}},
  };
  for (const HttpRequest& request : table) {
    const auto got = Get(request);
    ASSERT_FALSE(got.has_value()) << request.url;
    EXPECT_EQ(got.error().code, Code::kInvalid) << request.url;
    EXPECT_EQ(got.error().curl_code, 0) << request.url;
  }
}

TEST(CurlTransport, IgnoresProxiesOfTheEnvironment) {
  RawServer server(Always("direct"));
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  const auto got = Get({.url = server.Url()});
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->body, "direct");
}

TEST(CurlTransport, GoesThroughTheProxyThatItIsTold) {
  RawServer proxy(Always("by proxy"));
  EXPECT_EQ(Get({.url = "http://127.0.0.1:1/"}, {.proxy = proxy.Url("")})->body, "by proxy");
}

TEST(CurlTransport, OverTlsTheServerChoosesTheVersionOfHttp) {
  RawServer plain(Always("over TLS"));
  const TlsServer server(plain.port());
  const auto got = Get({.url = server.url()}, {.ca_file = server.authority()});
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->body, "over TLS");
  EXPECT_EQ(server.offered(), (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(CurlTransport, StopCancelsWhatIsUnderWayAndWhatComesLater) {
  std::promise<void> arrived;
  RawServer server([&](RawConnection& connection) {
    connection.ReadRequest();
    arrived.set_value();
    connection.ReadRequest();
  });
  CurlTransport transport({});
  std::promise<TransportResult> first;
  transport.Post([&] {
    transport.Start({.url = server.Url()},
                    [&](TransportResult r) { first.set_value(std::move(r)); });
  });
  arrived.get_future().wait();
  transport.Stop();
  EXPECT_EQ(first.get_future().get().error().code, Code::kCancelled);
  EXPECT_EQ(Get(transport, {.url = server.Url()}).error().code, Code::kCancelled);
}

TEST(CurlTransport, DestructionAnswersEveryRequestOnce) {
  RawServer server([](RawConnection& connection) {
    connection.ReadRequest();
    connection.ReadRequest();
  });
  std::atomic<int> cancelled = 0;
  {
    CurlTransport transport({});
    for (int i = 0; i < 20; ++i) {
      transport.Post([&] {
        transport.Start({.url = server.Url()}, [&](TransportResult r) {
          cancelled += !r && r.error().code == Code::kCancelled ? 1 : 0;
        });
      });
    }
  }
  EXPECT_EQ(cancelled, 20);
}

TEST(CurlTransport, PostedWorkKeepsItsOrderAndTimersTheirs) {
  CurlTransport transport({});
  std::promise<std::string> order;
  transport.Post([&] {
    auto text = std::make_shared<std::string>();
    transport.After(20ms, [&, text] { order.set_value(*text + "c"); });
    transport.After(1ms, [text] { *text += "b"; });
    transport.Post([text] { *text += "a"; });
  });
  EXPECT_EQ(order.get_future().get(), "abc");
}

TEST(CurlTransport, TakesPostsFromManyThreads) {
  CurlTransport transport({});
  int count = 0;  // only on the loop thread
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) transport.Post([&] { ++count; });
      });
    }
  }
  std::promise<int> total;
  transport.Post([&] { total.set_value(count); });
  EXPECT_EQ(total.get_future().get(), 8000);
}

}  // namespace
}  // namespace sluice
