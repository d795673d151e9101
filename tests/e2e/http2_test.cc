// Exports over HTTP/2, by a server that breaks streams and connections: the same bytes as over
// HTTP/1.1, or the item is named. Rows 28 to 31 of the faults.
#include <atomic>
#include <memory>
#include <mutex>
#include <random>

#include "tests/e2e/export_fixture.h"
#include "tests/e2e/rest_fixture.h"
#include "tests/support/h2_server.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using Then = H2Fault::Then;

struct H2Case {
  std::string name;
  std::vector<H2Fault> faults;  // one of them, each time
  double chance = 0;            // that an answer is hit
  std::string said = {};        // in `sluice failures`, where it never ends
};
void PrintTo(const H2Case& test, std::ostream* out) { *out << test.name; }
std::string NameOf(const testing::TestParamInfo<H2Case>& test) { return test.param.name; }

// Hits answers now and then, the same share of them with every seed.
class Dice {
 public:
  explicit Dice(H2Case test, unsigned seed = 1) : test_(std::move(test)), random_(seed) {}

  H2Fault Roll() {
    const std::lock_guard lock(mutex_);
    if (!std::bernoulli_distribution(test_.chance)(random_)) return {};
    ++hits_;
    return test_.faults.at(random_() % test_.faults.size());
  }
  int hits() const { return hits_; }

 private:
  const H2Case test_;
  std::mutex mutex_;
  std::mt19937 random_;
  std::atomic<int> hits_ = 0;
};

// Hits every answer to the request for blocks that comes first.
std::function<H2Fault(const H2Request&)> AlwaysTheFirst(const H2Fault& fault) {
  struct Victim {
    std::mutex mutex;
    std::string path;
  };
  auto victim = std::make_shared<Victim>();
  return [victim, fault](const H2Request& request) -> H2Fault {
    if (!request.path.starts_with("/v1/blocks/")) return {};
    const std::lock_guard lock(victim->mutex);
    if (victim->path.empty()) victim->path = request.path;
    return request.path == victim->path ? fault : H2Fault{};
  };
}

// A simulator behind a server that speaks HTTP/2.
H2Server Front(const SimProcess& sim, std::function<H2Fault(const H2Request&)> fault = {}) {
  return H2Server(
      [port = sim.port(), fault](const H2Request& request) {
        H2Answer answer = ForwardTo(port, request);
        if (fault) answer.fault = fault(request);
        return answer;
      },
      {.http1_port = sim.port()});
}

std::vector<std::string> Trusting(const H2Server& server) {
  return {"env", "-u", "CURL_CA_BUNDLE", "SSL_CERT_FILE=" + server.authority().string()};
}

class Http2Test : public ExportTest {
 protected:
  Outcome ExportOver(const H2Server& server, const std::vector<std::string>& more = {}) {
    exporter_.UseService(server.url());
    exporter_.RunUnder(Trusting(server));
    std::vector<std::string> args = {"--set", "retry.base=10ms"};
    args.insert(args.end(), more.begin(), more.end());
    return exporter_.Export(args);
  }
  static SimProcess Workspace() {
    return Simulate({"--pages", "40", "--blocks", "4", "--databases", "2"});
  }

  const SimProcess sim_ = Workspace();
};

TEST_F(Http2Test, TheExportIsThatOfHttp1OverOneConnection) {
  const Tree expected = ExportOf(sim_);
  const auto requests = static_cast<int>(sim_.Answered());
  const H2Server server = Front(sim_);
  const Outcome outcome = ExportOver(server);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_EQ(server.requests(), requests);
  EXPECT_EQ(server.connections(), 1);
}

class Http2FaultTest : public Http2Test, public testing::WithParamInterface<H2Case> {
 protected:
  void ExpectTheSameExport(unsigned seed) {
    const Tree expected = ExportOf(sim_);
    const auto requests = static_cast<int>(sim_.Answered());
    Dice dice(GetParam(), seed);
    const H2Server server = Front(sim_, [&](const H2Request&) { return dice.Roll(); });
    const Outcome outcome = ExportOver(server);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
    EXPECT_GT(dice.hits(), 0);
    EXPECT_LE(server.requests(), 3 * requests) << "a storm; " << dice.hits() << " were hit";
  }
};

TEST_P(Http2FaultTest, DoesNotChangeTheTree) { ExpectTheSameExport(1); }

const std::vector<H2Case> kFaults = {
    {"ResetInternal", {{Then::kReset, kInternalError, {}}, {Then::kReset, kInternalError, 9}}, 0.2},
    {"ResetCancel", {{Then::kReset, kCancel, {}}, {Then::kReset, kCancel, 9}}, 0.2},
    {"Calm", {{Then::kReset, kEnhanceYourCalm, {}}, {Then::kReset, kEnhanceYourCalm, 9}}, 0.1},
    {"CutWithoutError",
     {{Then::kReset, kNoError, 0}, {Then::kReset, kNoError, 9}, {Then::kReset, kNoError, 300}},
     0.2},
    {"Refused", {{Then::kReset, kRefusedStream, {}}}, 0.1},
    {"GoAway", {{Then::kGoAway, kNoError, {}}, {Then::kGoAway, kNoError, 9}}, 0.1},
    {"GoAwayAndClose", {{Then::kGoAwayAndClose, kNoError, 9}}, 0.05},
    {"GoAwayTakesNone", {{Then::kRefuseAll, kNoError, {}}, {Then::kRefuseAll, kNoError, 9}}, 0.05},
    {"Close", {{Then::kClose, 0, {}}, {Then::kClose, 0, 9}}, 0.05}};

INSTANTIATE_TEST_SUITE_P(Now_and_then, Http2FaultTest, testing::ValuesIn(kFaults), NameOf);

// All of them in one run, seed by seed.
class SoakHttp2Test : public Http2FaultTest {};

TEST_P(SoakHttp2Test, ChangesNothingWithAnySeed) {
  for (unsigned seed = 2; seed < 12; ++seed) {
    exporter_.Clear();
    ExpectTheSameExport(seed);
  }
}

std::vector<H2Case> FaultsAndAllTogether() {
  std::vector<H2Case> cases = kFaults;
  H2Case together{.name = "Mixed", .chance = 0.08};
  for (const H2Case& one : kFaults) {
    together.faults.insert(together.faults.end(), one.faults.begin(), one.faults.end());
  }
  cases.push_back(std::move(together));
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Soak, SoakHttp2Test, testing::ValuesIn(FaultsAndAllTogether()), NameOf);

// --- for ever: the item is named, the rest is exported ---

class Http2AlwaysTest : public Http2FaultTest {};

TEST_P(Http2AlwaysTest, FailsThatItemAloneAndSaysWhy) {
  const Tree whole = ExportOf(sim_);
  const auto requests = static_cast<int>(sim_.Answered());
  const H2Server server = Front(sim_, AlwaysTheFirst(GetParam().faults.front()));
  const Outcome outcome = ExportOver(server, {"--set", "retry.read_attempts=3"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(
      exporter_.Run({"failures", exporter_.output()}).out,
      AllOf(HasSubstr("GET /v1/blocks/"), HasSubstr("transient"), HasSubstr(GetParam().said)));
  EXPECT_EQ(exporter_.Output().size() + 1, whole.size());
  // Three attempts, of which libcurl sends a refused one six times.
  EXPECT_LE(server.requests(), requests + 18);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, Http2AlwaysTest,
    testing::Values(H2Case{"Internal", {{Then::kReset, kInternalError, 9}}, 0, "INTERNAL_ERROR"},
                    H2Case{"Calm", {{Then::kReset, kEnhanceYourCalm, {}}}, 0, "ENHANCE_YOUR_CALM"},
                    H2Case{"CutWithoutError", {{Then::kReset, kNoError, 9}}, 0, "not whole JSON"},
                    H2Case{"EmptyWithoutError", {{Then::kReset, kNoError, 0}}, 0, "JSON"},
                    H2Case{"Refused", {{Then::kReset, kRefusedStream, {}}}, 0, "tried 5 times"}),
    NameOf);

class Http2DownTest : public Http2FaultTest {};

TEST_P(Http2DownTest, EndsTheRunWithoutAStorm) {
  const H2Server server = Front(sim_, [](const H2Request&) { return GetParam().faults.front(); });
  const Outcome outcome = ExportOver(server, {"--set", "retry.read_attempts=3"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(exporter_.Output(), IsEmpty());
  EXPECT_LE(server.requests(), 40) << "two lists, three attempts, six times each at most";
}

INSTANTIATE_TEST_SUITE_P(Faults, Http2DownTest,
                         testing::Values(H2Case{"Calm", {{Then::kReset, kEnhanceYourCalm, {}}}},
                                         H2Case{"Refused", {{Then::kReset, kRefusedStream, {}}}},
                                         H2Case{"GoAway", {{Then::kRefuseAll, kNoError, {}}}}),
                         NameOf);

// --- the other sources ---

const H2Case kCutAndTurnedAway{
    .faults = {{Then::kReset, kNoError, 9}, {Then::kGoAway, kNoError, 9}, {Then::kClose, 0, 9}},
    .chance = 0.1};

class Http2RestTest : public RestTest {
 protected:
  void Job(const H2Server& server) {
    std::ofstream(job()) << "[job]\nname = \"records\"\nsource = \"rest\"\noutput = \"out\"\n"
                         << "[client]\nbase_url = \"" << server.url() << "\"\n"
                         << Records("paginator = " + PaginatorOf("page_number"));
    exporter_.RunUnder(Trusting(server));
  }
};

TEST_F(Http2RestTest, RecordsAreThoseOfHttp1) {
  const SimProcess sim = Simulate("page_number", {"--records", "2000"});
  Dice dice(kCutAndTurnedAway);
  const H2Server server = Front(sim, [&](const H2Request&) { return dice.Roll(); });
  Job(server);
  const Outcome outcome = Export({"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Ids(), From(1, 2000));
}

class Http2TraktTest : public ExportTest {
 protected:
  static Outcome ExportTo(Exporter& exporter, const std::string& url) {
    exporter.UseSource("trakt");
    exporter.UseService(url);
    return exporter.Export({"--client-id", std::string("env:") + Exporter::kTokenVariable, "--set",
                            "retry.base=10ms"});
  }
};

TEST_F(Http2TraktTest, FilesAreThoseOfHttp1) {
  const SimProcess sim(kSimulator, {"trakt", "--history", "2500", "--ratings", "900"});
  Exporter plain(kBinaries);
  ASSERT_EQ(ExportTo(plain, sim.url()).exit_code, 0);
  Dice dice(kCutAndTurnedAway);
  const H2Server server = Front(sim, [&](const H2Request&) { return dice.Roll(); });
  exporter_.RunUnder(Trusting(server));
  const Outcome outcome = ExportTo(exporter_, server.url());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(plain.Output(), exporter_.Output()), IsEmpty());
}

}  // namespace
}  // namespace sluice
