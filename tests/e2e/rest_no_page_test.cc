// Answers with 200 that are no page, through the binary: no record is lost in silence, and an
// earlier export stays.
#include <atomic>
#include <fstream>

#include "tests/e2e/export_fixture.h"
#include "tests/support/scripted_api.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using Answer = ScriptedApi::Answer;

constexpr const char* kByLink = R"(paginator = { type = "json_link", next_url_path = "next" })";

class RestNoPageTest : public ExportTest {
 protected:
  // Pages 1 to 6 with five records each; `odd` answers in place of page 3 as long as it has one.
  std::string Page(const std::string& target) {
    const auto at = target.find("page=");
    const int page = at == target.npos ? 1 : std::stoi(target.substr(at + 5));
    std::string list;
    for (int id = page * 10; id < page * 10 + 5; ++id) {
      list += (list.empty() ? "" : ",") + ("{\"id\":" + std::to_string(id) + "}");
    }
    const std::string next =
        page < 6 ? ",\"next\":\"/things?page=" + std::to_string(page + 1) + "\"" : "";
    return "{\"results\":[" + list + "],\"pages\":6" + next + "}";
  }
  // So many answers to page 3 are `odd`.
  void Disturb(int times, Answer odd) {
    odd_ = std::move(odd);
    left_ = times;
  }
  Outcome Run(const std::string& endpoint, const std::string& resource = "") {
    const auto file = exporter_.folder() / "job.toml";
    std::ofstream(file) << "[job]\nsource = \"rest\"\noutput = \"out\"\n[client]\nbase_url = \""
                        << api_.url() << "\"\n[[resources]]\nname = \"things\"\n"
                        << "primary_key = \"id\"\n"
                        << resource << "[resources.endpoint]\ndata_selector = \"results\"\n"
                        << endpoint << "\n";
    return exporter_.Run({"run", file.string(), "--out", exporter_.output(), "--tpslimit", "0",
                          "--set", "retry.base=10ms", "--set", "retry.read_attempts=3"});
  }
  std::string Failures() const { return exporter_.Run({"failures", exporter_.output()}).out; }
  std::int64_t Lines() const {
    const std::string text = exporter_.Output()["things.jsonl"].content;
    return std::count(text.begin(), text.end(), '\n');
  }

  Answer odd_;
  std::atomic<int> left_ = 0;
  ScriptedApi api_{[this](const std::string& target) -> Answer {
    if (target.find("page=3") != target.npos && left_-- > 0) return odd_;
    return {Page(target)};
  }};
};

const Answer kDenied{R"({"ok":false,"error":{"code":"no_access","message":"not for you"}})"};

TEST_F(RestNoPageTest, AnErrorObjectIsNotTheEndOfTheList) {
  Disturb(100, kDenied);
  const Outcome outcome = Run(kByLink);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(Failures(), HasSubstr("data_selector 'results' leads nowhere in the answer, which "
                                    "holds 'ok', 'error' and says: not for you"));
}

TEST_F(RestNoPageTest, ALimitInTheBodyIsWaitedOut) {
  Disturb(2, {R"({"ok":false,"error":{"code":"rate_limited","message":"slow down"}})"});
  const Outcome outcome = Run(kByLink);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Lines(), 30);
}

TEST_F(RestNoPageTest, AnErrorKeepsTheEarlierExport) {
  ASSERT_EQ(Run(kByLink).exit_code, 0);
  ASSERT_EQ(Lines(), 30);
  Disturb(100, kDenied);
  EXPECT_EQ(Run(kByLink).exit_code, 3);
  EXPECT_EQ(Lines(), 30);
  EXPECT_EQ(exporter_.Run({"verify", exporter_.output()}).exit_code, 3);
}

TEST_F(RestNoPageTest, AnErrorMovesNoCursor) {
  const std::string endpoint =
      std::string(kByLink) + "\nincremental = { cursor_path = \"id\", start_param = \"since\" }";
  Disturb(100, kDenied);
  ASSERT_EQ(Run(endpoint, "write_disposition = \"merge\"\n").exit_code, 3);
  Disturb(0, {});
  const Outcome healthy = Run(endpoint, "write_disposition = \"merge\"\n");
  EXPECT_EQ(healthy.exit_code, 0) << healthy.err;
  EXPECT_EQ(Lines(), 30);
}

TEST_F(RestNoPageTest, AnEmptyPageThatLostTheTotalIsAShortfall) {
  const char* by_number =
      R"(paginator = { type = "page_number", base_page = 1, total_path = "pages" })";
  ASSERT_EQ(Run(by_number).exit_code, 0);
  Disturb(100, {R"({"results":[]})"});
  const Outcome outcome = Run(by_number);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("page 3 is empty, and the API says that there are 6 pages"));
  EXPECT_EQ(Lines(), 30);
}

TEST_F(RestNoPageTest, AnAnswerThatIsStillBeingMadeIsAskedForAgain) {
  Disturb(2, {"{}", "Retry-After: 0\r\n", "202 Accepted"});
  const Outcome outcome = Run(kByLink);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Lines(), 30);
  exporter_.Clear();
  Disturb(100, {"{}", "", "202 Accepted"});
  const Outcome never = Run(kByLink);
  EXPECT_EQ(never.exit_code, 3) << never.err;
  EXPECT_THAT(Failures(), HasSubstr("still making the answer"));
}

// --- other answers that are refused -------------------------------------------------------------

TEST_F(RestNoPageTest, AConflictIsAskedAgain) {
  Disturb(1, {R"({"error":{"message":"lock timeout"}})", "Retry-After: 0\r\n", "409 Conflict"});
  const Outcome outcome = Run(kByLink);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Lines(), 30);
}

TEST_F(RestNoPageTest, AStatusIsSaidOnce) {
  Disturb(100, {R"({"message":"no"})", "", "403 Forbidden"});
  ASSERT_EQ(Run(kByLink).exit_code, 3);
  EXPECT_THAT(Failures(), HasSubstr("invalid after 1 attempts: things: HTTP 403: no"));
}

TEST_F(RestNoPageTest, APostThatIsRedirectedSaysWhereTo) {
  Disturb(100, {"", "Location: https://example.com/v2/things?page=3\r\n", "307 Moved"});
  ASSERT_EQ(Run(std::string(kByLink) + "\nmethod = \"POST\"").exit_code, 3);
  EXPECT_THAT(Failures(), HasSubstr("HTTP 307; the API redirects to https://example.com:443/v2/"
                                    "things, and only a GET is followed"));
}

}  // namespace
}  // namespace sluice
