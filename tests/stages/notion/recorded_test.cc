// Recorded answers of the real API: everything that is a list of blocks, or a page, renders, and
// every word of it arrives.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "stages/sources/notion/page.h"
#include "stages/sources/notion/requests.h"
#include "tests/support/fake_inputs.h"

namespace sluice::notion {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPage = "11111111-1111-4111-8111-111111111111";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Letters and digits alone: what no escaping, markup or line break changes.
std::string Bare(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80)
      out += c;
  }
  return out;
}

void CollectWords(const json& value, std::vector<std::string>& words) {
  if (value.is_object() && value.contains("plain_text") && value["plain_text"].is_string()) {
    words.push_back(value["plain_text"]);
    return;
  }
  if (!value.is_structured()) return;
  for (const auto& item : value) CollectWords(item, words);
}

// The output with the markup removed that holds letters.
std::string Readable(std::string text) {
  for (const char* tag :
       {"<br>", "<strong>", "</strong>", "<em>", "</em>", "<del>", "</del>", "<u>", "</u>",
        "<code>", "</code>", "&lt;", "&gt;", "&amp;", "&quot;", "&#32;", "&#9;", "\xE2\x80\xA8"}) {
    for (auto at = text.find(tag); at != text.npos; at = text.find(tag, at)) {
      text.erase(at, std::string_view(tag).size());
    }
  }
  return Bare(text);
}

void ExpectEveryWord(const json& source, const std::string& output) {
  std::vector<std::string> words;
  CollectWords(source, words);
  const std::string readable = Readable(output);
  for (const std::string& word : words) {
    EXPECT_NE(readable.find(Readable(word)), std::string::npos) << word << "\n in \n" << output;
  }
}

// Some recordings carry children inside their parents; the API lists them apart.
void AddNested(FakeInputs& inputs, const DocumentId& document, const json& list) {
  for (const json& block : list.value("results", json::array())) {
    if (!block.is_object() || !block.contains("id")) continue;
    const json payload = block.value(block.value("type", ""), json::object());
    if (!payload.is_object() || !payload.contains("children")) continue;
    if (!payload["children"].is_array()) continue;
    const json nested = {{"results", payload["children"]}};
    inputs.AddResponse(ChildrenRequest(document, {}, std::string(block["id"]), "", 1),
                       nested.dump());
    AddNested(inputs, document, nested);
  }
}

class RecordedTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(SLUICE_SOURCE_DIR) / "../shared/fixtures";
    if (!fs::exists(root_)) GTEST_SKIP() << "no recorded answers beside the sources";
  }

  // Calls `use` with each recorded body, whether bare or inside a derived exchange.
  template <class Use>
  void ForEachBody(Use use) {
    for (const char* folder : {"notion", "derived/notion"}) {
      for (const auto& entry : fs::recursive_directory_iterator(root_ / folder)) {
        // Stories of a component library: written by hand, in shapes that the API does not answer.
        const bool story = entry.path().string().find("/storybook/") != std::string::npos;
        if (entry.path().extension() != ".json" || story) continue;
        const json body = json::parse(ReadFile(entry.path()), nullptr, false);
        if (!body.is_object()) continue;
        SCOPED_TRACE(entry.path().string());
        use(body);
      }
    }
  }
  std::string Render(const json& page, const json& blocks) {
    const DocumentRow row{.id = DocumentId(kPage), .kind = "page", .title = "T", .path = "T.md"};
    FakeInputs inputs;
    inputs.AddDocument(row, page.dump());
    inputs.AddResponse(ChildrenRequest(row.id, {}, kPage, "", 1), blocks.dump());
    AddNested(inputs, row.id, blocks);
    StringSink out;
    const auto rendering = RenderPage(row, inputs, {}, out);
    EXPECT_TRUE(rendering.has_value()) << (rendering ? "" : rendering.error().message);
    return out.text;
  }

  fs::path root_;
};

bool IsBlockList(const json& body) {
  return body.value("object", "") == "list" && body.contains("results") &&
         body["results"].is_array() && !body["results"].empty() && body["results"][0].is_object() &&
         body["results"][0].value("object", "") == "block";
}

TEST_F(RecordedTest, EveryWordOfEveryBlockArrives) {
  int lists = 0;
  ForEachBody([&](const json& body) {
    const bool block = body.value("object", "") == "block" && body.contains("type");
    if (!block && !IsBlockList(body)) return;
    ++lists;
    json list = block ? json{{"object", "list"}, {"results", {body}}} : body;
    // A lone row has no table around it, which no answer of the API shows.
    if (list["results"][0].value("type", "") == "table_row") return;
    list["has_more"] = false;
    ExpectEveryWord(list["results"], Render({{"properties", json::object()}}, list));
  });
  EXPECT_GT(lists, 20);
}

TEST_F(RecordedTest, EveryWordOfEveryPageObjectArrives) {
  int pages = 0;
  ForEachBody([&](const json& body) {
    if (body.value("object", "") != "page" || !body.contains("properties")) return;
    ++pages;
    ExpectEveryWord(body["properties"], Render(body, {{"results", json::array()}}));
  });
  EXPECT_GT(pages, 20);
}

TEST_F(RecordedTest, NoSignedAddressArrives) {
  ForEachBody([&](const json& body) {
    if (!IsBlockList(body)) return;
    json list = body;
    list["has_more"] = false;
    EXPECT_EQ(Render({{"properties", json::object()}}, list).find("X-Amz-"), std::string::npos);
  });
}

}  // namespace
}  // namespace sluice::notion
