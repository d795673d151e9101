// What a server, or something on the way to it, can do to single answers: nothing of it reaches the
// export, and nothing is lost in silence.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/e2e/export_fixture.h"
#include "tests/support/faulty_front.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class WireTest : public ExportTest {
 protected:
  Outcome ExportThrough(const FaultyFront& front, const std::vector<std::string>& more = {}) {
    exporter_.UseService(front.url());
    std::vector<std::string> args = {"--set", "retry.base=10ms"};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Export(args);
  }
  void ExpectTheWholeExport(const Outcome& outcome) {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(Differences(ExportOf(Calm()), exporter_.Output()), IsEmpty());
  }
  static SimProcess Calm() { return Simulate({"--pages", "30", "--blocks", "4"}); }
  static bool AsksForBlocks(const std::string& request) {
    return request.starts_with("GET /v1/blocks/");
  }
  // Spoils the first request for blocks: `times` times, each time with `bytes`.
  static FaultyFront::Spoil SpoilOne(std::string bytes, int times) {
    struct Victim {
      std::mutex mutex;
      std::string line;
      int left;
    };
    auto victim = std::make_shared<Victim>();
    victim->left = times;
    return [victim, bytes](const std::string& request, const auto&) -> std::string {
      if (!AsksForBlocks(request)) return {};
      const std::string line = request.substr(0, request.find('\r'));
      const std::lock_guard lock(victim->mutex);
      if (victim->line.empty()) victim->line = line;
      const bool strike = victim->line == line && victim->left > 0;
      victim->left -= strike ? 1 : 0;
      return strike ? bytes : std::string();
    };
  }

  const SimProcess sim_ = Calm();
};

struct WireCase {
  std::string name;
  std::string bytes;
  // Where it never ends: what `sluice failures` says, with the class and the attempts.
  std::string said = {};
  std::string error_class = {};
  int attempts = 0;
};
void PrintTo(const WireCase& test, std::ostream* out) { *out << test.name; }
std::string NameOf(const testing::TestParamInfo<WireCase>& test) { return test.param.name; }

std::string Refusal(const std::string& headers) {
  return WholeAnswer(R"({"object":"error","status":429,"code":"rate_limited","message":"slow"})",
                     "429 Too Many Requests", headers);
}

// --- once: the export is the same ---

class OnceTest : public WireTest, public testing::WithParamInterface<WireCase> {};

TEST_P(OnceTest, IsAskedAgainAndTheExportIsTheSame) {
  const FaultyFront front(sim_, SpoilOne(GetParam().bytes, 1));
  ExpectTheWholeExport(ExportThrough(front));
}

const std::string kCut = R"({"object":"list","results":[{"object":"blo)";

INSTANTIATE_TEST_SUITE_P(
    Bodies, OnceTest,
    testing::Values(
        WireCase{"ShorterThanItsLength", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + kCut},
        WireCase{"CutWithoutALength", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + kCut},
        WireCase{"ABadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + kCut},
        WireCase{"CutBetweenChunks",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n"},
        WireCase{"NothingAtAll", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
        WireCase{"HtmlAsSuccess", WholeAnswer("<html>proxy login</html>")},
        WireCase{"NoHttp", "SSH-2.0-OpenSSH_9.2\r\n"},
        WireCase{"RequestTimeout", WholeAnswer("", "408 Request Timeout")},
        WireCase{"Conflict", WholeAnswer("{}", "409 Conflict")}),
    NameOf);

// RFC 9110, section 10.2.3, and what is met instead. None of them waits for ever or not at all.
INSTANTIATE_TEST_SUITE_P(
    RetryAfter, OnceTest,
    testing::Values(
        WireCase{"None", Refusal("")}, WireCase{"Empty", Refusal("Retry-After: \r\n")},
        WireCase{"Zero", Refusal("Retry-After: 0\r\n")},
        WireCase{"Negative", Refusal("Retry-After: -1\r\n")},
        WireCase{"Infinite", Refusal("Retry-After: inf\r\n")},
        WireCase{"Overflowing", Refusal("Retry-After: 1e400\r\n")},
        WireCase{"ThreeCenturies", Refusal("Retry-After: 9999999999\r\n")},
        WireCase{"Date", Refusal("Date: Tue, 23 May 2023 14:42:00 GMT\r\n"
                                 "Retry-After: Tue, 23 May 2023 14:42:01 GMT\r\n")},
        WireCase{"DateGoneBy", Refusal("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n")},
        WireCase{"DateFarAhead", Refusal("Retry-After: Thu, 31 Dec 2099 23:59:59 GMT\r\n")},
        WireCase{"InTheBody", WholeAnswer(R"({"retry_after":0.3})", "429 Slow")},
        WireCase{"ResetAlone", Refusal("X-RateLimit-Reset: 1\r\n")},
        WireCase{"ForbiddenForTheRate",
                 WholeAnswer(R"({"error":{"errors":[{"reason":"userRateLimitExceeded"}]}})",
                             "403 Forbidden")},
        WireCase{"Overloaded", WholeAnswer("", "529 Overloaded", "Retry-After: 1\r\n")}),
    NameOf);

// --- for ever: the item is named, the rest is exported ---

class AlwaysTest : public WireTest, public testing::WithParamInterface<WireCase> {};

TEST_P(AlwaysTest, FailsThatItemAloneAndSaysWhy) {
  const FaultyFront front(sim_, SpoilOne(GetParam().bytes, 1'000'000));
  const Outcome outcome = ExportThrough(front, {"--set", "retry.read_attempts=3"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const Outcome failures = exporter_.Run({"failures", exporter_.output()});
  EXPECT_THAT(failures.out, AllOf(HasSubstr("GET /v1/blocks/"), HasSubstr(GetParam().said)));
  const Rows rows =
      Query(exporter_.state(), "SELECT kind, operation, class, attempts FROM v_failures");
  EXPECT_EQ(
      rows,
      (Rows{{"request", "blocks", GetParam().error_class, std::to_string(GetParam().attempts)}}));
  // Of one page nothing is written rather than a part, and what shows it says so.
  const Tree whole = ExportOf(Calm());
  const Tree tree = exporter_.Output();
  EXPECT_EQ(tree.size() + 1, whole.size());
  EXPECT_LE(sim_.Answered(), 2 * whole.size() + 20) << "no storm";
}

std::string HeaderFlood() {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100; ++i) text += "X-Flood: " + std::string(1000, 'x') + "\r\n";
  return text + "Content-Length: 2\r\n\r\n{}";
}

INSTANTIATE_TEST_SUITE_P(
    Answers, AlwaysTest,
    testing::Values(
        WireCase{"HeaderFlood", HeaderFlood(), "headers are larger than", "invalid", 1},
        WireCase{"EndlessRedirect", WholeAnswer("", "302 Found", "Location: ?page_size=100\r\n"),
                 "redirect", "invalid", 1},
        WireCase{"RedirectToAFile",
                 WholeAnswer("", "302 Found", "Location: file:///etc/hostname\r\n"), "file",
                 "invalid", 1},
        WireCase{"RedirectToFtp", WholeAnswer("", "302 Found", "Location: ftp://127.0.0.1/x\r\n"),
                 "ftp", "invalid", 1},
        WireCase{"HtmlAsSuccess", WholeAnswer("<html>proxy login</html>"), "not whole JSON",
                 "transient", 3},
        WireCase{"InvalidUtf8", WholeAnswer("{\"object\":\"list\",\"results\":[\"\xff\xfe\"]}"),
                 "JSON", "transient", 3},
        WireCase{"CutWithoutALength", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + kCut,
                 "not whole JSON", "transient", 3},
        WireCase{"Forbidden",
                 WholeAnswer(R"({"object":"error","status":403,"code":"restricted_resource",)"
                             R"("message":"no"})",
                             "403 Forbidden"),
                 "restricted_resource", "invalid", 1}),
    NameOf);

// --- the rest ---

TEST_F(WireTest, OneThatHangsHoldsNobodyElseBack) {
  std::mutex mutex;
  std::condition_variable changed;
  int others = 0;
  bool first = true;
  bool in_time = false;
  const FaultyFront front(sim_, [&](const std::string& request, const auto&) -> std::string {
    if (!AsksForBlocks(request)) return {};
    std::unique_lock lock(mutex);
    if (!std::exchange(first, false)) {
      ++others;
      changed.notify_all();
      return {};
    }
    in_time = changed.wait_for(lock, std::chrono::seconds(20), [&] { return others >= 15; });
    return {};
  });
  ExpectTheWholeExport(ExportThrough(front));
  EXPECT_TRUE(in_time);
}

TEST_F(WireTest, EntriesThatComeTwiceAreExportedOnce) {
  const FaultyFront front(sim_, [](const std::string& request, const auto& forward) {
    if (!request.starts_with("POST /v1/search")) return std::string();
    auto body = nlohmann::json::parse(forward().body);
    auto& results = body["results"];
    for (std::size_t i = 0, size = results.size(); i < size; i += 2) results.push_back(results[i]);
    return WholeAnswer(body.dump(), "200 OK", "Connection: close\r\n");
  });
  ExpectTheWholeExport(ExportThrough(front));
}

// An accepted answer that says that nothing is left for an hour.
std::string SpentFor(std::chrono::seconds time, const HttpAnswer& answer) {
  return WholeAnswer(answer.body, "200 OK",
                     "RateLimit-Remaining: 0\r\nRateLimit-Reset: " + std::to_string(time.count()) +
                         "\r\nConnection: close\r\n");
}

TEST_F(WireTest, ABudgetSpentForLongerThanMaxWaitEndsTheRunAndSaysWhenToComeBack) {
  const FaultyFront front(sim_, [](const std::string& request, const auto& forward) {
    const bool lists = request.starts_with("POST /v1/search");
    return lists ? SpentFor(std::chrono::hours(1), forward()) : std::string();
  });
  const Outcome outcome = ExportThrough(front, {"--max-wait", "10s"});
  EXPECT_EQ(outcome.exit_code, 7) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("resume at"));
}

TEST_F(WireTest, WhatNeedsNoRequestIsWrittenThoughTheBudgetIsSpent) {
  const SimProcess one = Simulate({"--pages", "1", "--blocks", "3", "--databases", "0"});
  const FaultyFront front(one, [](const std::string& request, const auto& forward) {
    return AsksForBlocks(request) ? SpentFor(std::chrono::hours(1), forward()) : std::string();
  });
  const Outcome outcome = ExportThrough(front, {"--max-wait", "10s"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(one), exporter_.Output()), IsEmpty());
}

TEST_F(WireTest, ANameThatDoesNotResolveEndsTheRun) {
  exporter_.UseService("https://nowhere.invalid");
  const Outcome outcome = exporter_.Export({"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("nowhere.invalid"));
}

}  // namespace
}  // namespace sluice
