// A patient client gets everything from a server that fails now and then.
#include <simdjson.h>
#include <sys/resource.h>

#include "tests/e2e/export_fixture.h"
#include "tests/support/raw_server.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Requests are tried 12 times, so that three in ten may fail without one that always does.
const std::vector<std::string> kPatient = {"--set", "retry.base=10ms", "--set",
                                           "retry.read_attempts=12"};

class FaultTest : public ExportTest, public testing::WithParamInterface<const char*> {
 protected:
  static SimProcess Workspace(std::vector<std::string> more = {}) {
    std::vector<std::string> args = {"--pages", "40", "--blocks", "4", "--databases", "2"};
    args.insert(args.end(), more.begin(), more.end());
    return Simulate(std::move(args));
  }
};

TEST_P(FaultTest, DoesNotChangeTheTree) {
  const SimProcess sim = Workspace({"--fault", GetParam()});
  const Outcome outcome = exporter_.Export(sim, kPatient);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(ExportOf(Workspace()), exporter_.Output()), IsEmpty());
}

// A refusal with Retry-After costs its second, so those are rare.
INSTANTIATE_TEST_SUITE_P(Now_and_then, FaultTest,
                         testing::Values("429:0.02", "429-no-header:0.05", "500:0.2",
                                         "502-html:0.2", "503:0.2", "529:0.02", "reset:0.2",
                                         "truncate:0.2", "bad-json:0.2", "short-page:0.3",
                                         "clamp:0.3"),
                         [](const auto& test) {
                           std::string name = test.param;
                           name.resize(name.find(':'));
                           std::erase(name, '-');
                           return "Fault" + name;
                         });

// With the default number of attempts, and at what price.
class SurvivalTest : public FaultTest {};

TEST_P(SurvivalTest, ThreeInTenFailuresChangeNothingAndCostHalfAsMuchAgain) {
  const SimProcess calm = Workspace();
  const Tree expected = ExportOf(calm);
  const SimProcess sim = Workspace({"--fault", GetParam()});
  const Outcome outcome = exporter_.Export(sim, {"--set", "retry.base=10ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Differences(expected, exporter_.Output()), IsEmpty());
  EXPECT_LE(sim.Answered(), calm.Answered() * 3 / 2);
}

INSTANTIATE_TEST_SUITE_P(Faults, SurvivalTest, testing::Values("500:0.3", "503:0.3", "reset:0.3"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return "Fault" + name.substr(0, name.find(':'));
                         });

using HostileTest = FaultTest;

TEST_F(HostileTest, AListThatNeverEndsIsEndedAndNamed) {
  const Outcome outcome = exporter_.Export(Workspace({"--fault", "cursor-loop"}));
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("search: the list repeats a cursor"));
}

TEST_F(HostileTest, MemoryIsBoundedWhateverTheServerSends) {
  for (const char* fault : {"gzip-bomb", "deep-json"}) {
    exporter_.Clear();
    const Outcome outcome =
        exporter_.Export(Workspace({"--fault", fault}), {"--set", "retry.base=10ms"});
    EXPECT_EQ(outcome.exit_code, 3) << fault << ": " << outcome.err;
  }
  // The largest child so far was one of those exports; the bomb is 1 GiB when unpacked.
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  EXPECT_LT(children.ru_maxrss, 400 * 1024) << "KiB";
}

// A workspace of one page, whose only block holds `text`, which is put into the JSON as it is; and
// `before` stands before the answer that holds it.
class OnePage {
 public:
  explicit OnePage(const std::string& text, const std::string& before = "")
      : blocks_(before + List(R"({"object":"block","id":"00000000-0000-4000-8000-000000000002",)"
                              R"("has_children":false,"type":"code","code":{"language":"c",)"
                              R"("rich_text":[{"type":"text","plain_text":")" +
                              text + R"(","text":{"content":"x"}}]}})")) {}
  std::string url() const { return server_.Url(""); }

 private:
  static std::string List(const std::string& result) {
    return R"({"object":"list","has_more":false,"next_cursor":null,"results":[)" + result + "]}";
  }
  void Serve(RawConnection& connection) const {
    while (true) {
      const std::string request = connection.ReadRequest();
      if (request.empty()) return;
      connection.Answer(request.find("/children") != std::string::npos ? blocks_ : page_);
    }
  }

  const std::string page_ =
      List(R"({"object":"page","id":"00000000-0000-4000-8000-000000000001",)"
           R"("last_edited_time":"2024-01-01T00:00:00.000Z","parent":{"type":"workspace"},)"
           R"("properties":{"title":{"id":"title","type":"title","title":[]}}})");
  const std::string blocks_;
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

TEST_F(HostileTest, AnAnswerOverTheLimitIsNamedWithTheLimitAndWhatRaisesIt) {
  const OnePage page(std::string(70'000'000, 'x'));
  exporter_.UseService(page.url());
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const std::string failures = exporter_.Run({"failures", exporter_.output()}).out;
  EXPECT_THAT(failures, HasSubstr("/v1/blocks/00000000-0000-4000-8000-000000000001/children"));
  EXPECT_THAT(failures, HasSubstr("larger than 67 MB"));
  EXPECT_THAT(failures, HasSubstr("raise limits.memory"));
}

TEST_F(HostileTest, ALargerLimitOfMemoryTakesALargerAnswer) {
  const OnePage page(std::string(70'000'000, 'x'));
  exporter_.UseService(page.url());
  const Outcome outcome = exporter_.Export({"--set", "limits.memory=80MB"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Tree output = exporter_.Output();
  ASSERT_EQ(output.size(), 1u);
  EXPECT_GE(output.begin()->second.content.size(), 70'000'000u);
}

// --- text that is none ---

struct TextCase {
  std::string name;
  std::string json;
  std::string shown;        // in the file; empty: the item fails
  std::string before = {};  // the answer
};
void PrintTo(const TextCase& test, std::ostream* out) { *out << test.name; }
class OddTextTest : public ExportTest, public testing::WithParamInterface<TextCase> {};

TEST_P(OddTextTest, IsShownAsUtf8OrRefused) {
  const OnePage page(GetParam().json, GetParam().before);
  exporter_.UseService(page.url());
  const Outcome outcome =
      exporter_.Export({"--set", "retry.base=10ms", "--set", "retry.read_attempts=2"});
  const bool shown = !GetParam().shown.empty();
  EXPECT_EQ(outcome.exit_code, shown ? 0 : 3) << outcome.err;
  for (const auto& [path, file] : exporter_.Output()) {
    EXPECT_TRUE(simdjson::validate_utf8(file.content));
    EXPECT_THAT(file.content, HasSubstr(GetParam().shown));
  }
  EXPECT_EQ(exporter_.Output().size(), shown ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, OddTextTest,
    testing::Values(TextCase{"APairOfSurrogates", R"(\ud83d\ude00)", "\xF0\x9F\x98\x80"},
                    TextCase{"ALoneSurrogate", R"(a\ud83db)", ""},
                    TextCase{"ANul", R"(a\u0000b)", std::string("a\0b", 3)},
                    TextCase{"AByteOrderMarkBeforeTheAnswer", "text", "", "\xEF\xBB\xBF"},
                    TextCase{"AByteOrderMarkInTheText", "a\xEF\xBB\xBF z", "a\xEF\xBB\xBF z"},
                    TextCase{"BytesThatAreNoUtf8", "a\xC3", ""},
                    TextCase{"AnOverlongSlash", "a\xC0\xAF", ""}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace sluice
