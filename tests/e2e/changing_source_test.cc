// The source changes while it is read. What one run mixes up the next one puts right, without being
// told to: the listing gives the page a newer revision, or the list is known to be short.
#include <signal.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

#include "tests/e2e/export_fixture.h"
#include "tests/e2e/rest_fixture.h"
#include "tests/support/raw_server.h"
#include "tests/support/scripted_api.h"

namespace sluice {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPageId = "00000000-0000-4000-8000-000000000001";
constexpr const char* kLongAgo = "2024-01-01T00:00:00.000Z";
constexpr const char* kEdited = "2025-06-01T10:00:00.000Z";

// A workspace of one page with paragraphs, two on each page of its list. Its cursors are places, so
// an edit shifts what is behind them.
class ChangingPage {
 public:
  using Edit = std::function<void(ChangingPage&)>;

  std::vector<std::string> texts = {"one", "two", "three", "four", "five", "six"};
  std::string edited_time = kLongAgo;
  std::string headers;  // of every answer, each with its line end

  std::string url() const { return server_.Url(""); }
  // Done before the list of blocks is answered for the `number`th time from now on.
  void EditBeforeList(int number, Edit edit) {
    const std::lock_guard lock(mutex_);
    lists_until_edit_ = number;
    edit_ = std::move(edit);
  }
  int lists() const {
    const std::lock_guard lock(mutex_);
    return lists_;
  }
  // What its file holds when it is read in peace.
  std::string Markdown() const {
    std::string text;
    for (const std::string& paragraph : texts) text += "\n" + paragraph + "\n";
    return text;
  }

 private:
  static json List(json results, const std::string& cursor = "") {
    return {{"object", "list"},
            {"results", std::move(results)},
            {"has_more", !cursor.empty()},
            {"next_cursor", cursor.empty() ? json() : json(cursor)}};
  }
  json Page() const {
    const json title = {{{"type", "text"}, {"text", {{"content", "P"}}}, {"plain_text", "P"}}};
    return {{"object", "page"},
            {"id", kPageId},
            {"last_edited_time", edited_time},
            {"parent", {{"type", "workspace"}, {"workspace", true}}},
            {"properties", {{"title", {{"id", "title"}, {"type", "title"}, {"title", title}}}}}};
  }
  static json Block(const std::string& text) {
    const auto number = 100'000'000'000 + std::hash<std::string>()(text) % 100'000'000'000;
    const json rich_text = {
        {{"type", "text"}, {"plain_text", text}, {"text", {{"content", text}}}}};
    return {{"object", "block"},
            {"id", "00000000-0000-4000-9000-" + std::to_string(number)},
            {"has_children", false},
            {"type", "paragraph"},
            {"paragraph", {{"rich_text", rich_text}}}};
  }
  json Blocks(std::size_t from) const {
    json results = json::array();
    const std::size_t end = std::min(from + 2, texts.size());
    for (std::size_t i = from; i < end; ++i) results.push_back(Block(texts[i]));
    return List(results, end < texts.size() ? std::to_string(end) : "");
  }
  std::string Answer(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (request.find("/children") == std::string::npos) return List({Page()}).dump();
    ++lists_;
    if (edit_ && --lists_until_edit_ == 0) std::exchange(edit_, nullptr)(*this);
    const auto cursor = request.find("start_cursor=");
    return Blocks(cursor == std::string::npos ? 0 : std::stoul(request.substr(cursor + 13))).dump();
  }
  void Serve(RawConnection& connection) {
    for (std::string request; !(request = connection.ReadRequest()).empty();) {
      if (!connection.Answer(Answer(request), "200 OK", headers)) return;
    }
  }

  mutable std::mutex mutex_;
  int lists_ = 0;
  int lists_until_edit_ = 0;
  Edit edit_;
  RawServer server_{[this](RawConnection& connection) { Serve(connection); }};
};

class ChangingPageTest : public ExportTest {
 protected:
  ChangingPageTest() { exporter_.UseService(page_.url()); }

  void Export() {
    const Outcome outcome = exporter_.Export();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  std::string Content() const {
    const Tree tree = exporter_.Output();
    return tree.size() == 1 ? tree.begin()->second.content : "";
  }
  // One run as `edit` strikes; the next has what is there now, and the one after that asks for no
  // block at all.
  void ExpectPutRight(int before_list, ChangingPage::Edit edit) {
    page_.EditBeforeList(before_list, std::move(edit));
    Export();
    Export();
    EXPECT_THAT(Content(), testing::EndsWith(page_.Markdown()));
    const int lists = page_.lists();
    Export();
    EXPECT_EQ(page_.lists(), lists) << "fetched once more, not for ever";
  }

  ChangingPage page_;
};

TEST_F(ChangingPageTest, AnEditBetweenTheListingAndItsBlocks) {
  ExpectPutRight(1, [](ChangingPage& page) {
    page.texts[0] = "ONE";
    page.edited_time = kEdited;
  });
}

// What moved up is passed over by the next page of the list.
TEST_F(ChangingPageTest, ABlockRemovedWhileTheListIsRead) {
  ExpectPutRight(2, [](ChangingPage& page) {
    page.texts.erase(page.texts.begin());
    page.edited_time = kEdited;
  });
}

// What moved down comes once more.
TEST_F(ChangingPageTest, ABlockInsertedWhileTheListIsRead) {
  ExpectPutRight(3, [](ChangingPage& page) {
    page.texts.insert(page.texts.begin(), "zero");
    page.edited_time = kEdited;
  });
}

TEST_F(ChangingPageTest, ABlockRemovedWhileNobodyReadsOn) {
  exporter_.UseService(page_.url());
  const Outcome stopped = exporter_.Export({"--max-requests", "2"});
  ASSERT_EQ(stopped.exit_code, 3) << stopped.err;
  page_.texts.erase(page_.texts.begin());
  page_.edited_time = kEdited;
  Export();  // goes on where it was
  Export();
  EXPECT_THAT(Content(), testing::EndsWith(page_.Markdown()));
}

std::string Formatted(const char* format, std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}
constexpr const char* kMinuteFormat = "%Y-%m-%dT%H:%M:00.000Z";
constexpr const char* kDateFormat = "Date: %a, %d %b %Y %H:%M:%S GMT\r\n";

// Revisions are whole minutes, so the listing shows nothing of a second edit in one of them.
TEST_F(ChangingPageTest, TwoEditsWithinOneMinute) {
  page_.edited_time = Formatted(kMinuteFormat, std::time(nullptr));
  page_.EditBeforeList(2, [](ChangingPage& page) { page.texts[0] = "ONE"; });
  Export();
  Export();
  EXPECT_THAT(Content(), testing::EndsWith(page_.Markdown()));
}

// The same where our own clock would take that minute for one that is long over: what counts is the
// server's.
TEST_F(ChangingPageTest, TwoEditsWithinOneMinuteOfAServerThatLivesInThePast) {
  const std::time_t yesterday = std::time(nullptr) - 86'400;
  page_.edited_time = Formatted(kMinuteFormat, yesterday);
  page_.headers = Formatted(kDateFormat, yesterday);
  page_.EditBeforeList(2, [](ChangingPage& page) { page.texts[0] = "ONE"; });
  Export();
  Export();
  EXPECT_THAT(Content(), testing::EndsWith(page_.Markdown()));
}

// --- lists of an API ----------------------------------------------------------------------------

// 250 records, of which the fifth goes when the first page has been given.
class ShrinkingListTest : public RestTest {
 protected:
  ScriptedApi::Answer List(const std::string& target) {
    const auto at = target.find("offset=");
    const std::size_t offset = at == target.npos ? 0 : std::stoul(target.substr(at + 7));
    const std::lock_guard lock(mutex_);
    json results = json::array();
    for (std::size_t i = offset; i < std::min(offset + 100, ids_.size()); ++i) {
      results.push_back({{"id", ids_[i]}, {"updated_at", "2024-01-01T00:00:00Z"}});
    }
    const json body = {{"results", results}, {"total", ids_.size()}};
    if (offset == 0 && !std::exchange(shrunk_, true)) ids_.erase(ids_.begin() + 4);
    return {.body = body.dump()};
  }
  void WriteJob(const std::string& resource) {
    std::ofstream(job()) << "[job]\nname = \"r\"\nsource = \"rest\"\noutput = \"out\"\n"
                         << "[client]\nbase_url = \"" << api_.url() << "\"\n"
                         << Records("paginator = " + PaginatorOf("offset"), resource);
  }

  std::mutex mutex_;
  std::vector<std::int64_t> ids_ = From(1, 250);
  bool shrunk_ = false;
  ScriptedApi api_{[this](const std::string& target) { return List(target); }};
};

TEST_F(ShrinkingListTest, IsCalledShortAndReadAgainByTheNextRun) {
  for (const char* disposition : {"replace", "merge"}) {
    SCOPED_TRACE(disposition);
    exporter_.Clear();
    ids_ = From(1, 250);
    shrunk_ = false;
    WriteJob("write_disposition = \"" + std::string(disposition) + "\"\n");
    const Outcome outcome = Export();
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("declares 250 records and gave 249"));
    EXPECT_EQ(Export().exit_code, 0);
    std::vector<std::int64_t> missing;
    const auto got = Ids();
    for (const std::int64_t id : ids_) {
      if (std::ranges::find(got, id) == got.end()) missing.push_back(id);
    }
    EXPECT_THAT(missing, IsEmpty());
  }
}

}  // namespace
}  // namespace sluice
