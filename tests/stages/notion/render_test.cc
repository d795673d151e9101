// What a golden file shows badly: endless, deep, missing and hostile input.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "stages/sources/notion/page.h"
#include "stages/sources/notion/properties.h"
#include "stages/sources/notion/requests.h"
#include "tests/support/fake_inputs.h"

namespace sluice::notion {
namespace {

using nlohmann::json;

constexpr const char* kPage = "11111111-1111-4111-8111-111111111111";

json Paragraph(const std::string& text, const std::string& id = "b", bool has_children = false) {
  return {{"id", id},
          {"type", "paragraph"},
          {"has_children", has_children},
          {"paragraph", {{"rich_text", json::array({{{"type", "text"}, {"plain_text", text}}})}}}};
}

class RenderTest : public testing::Test {
 protected:
  RenderTest() { inputs_.AddDocument(row_, R"({"properties":{}})"); }

  void Children(const std::string& block, const std::vector<json>& blocks,
                const std::string& cursor = "", const std::string& next = "") {
    json body = {{"object", "list"}, {"results", blocks}, {"has_more", !next.empty()}};
    if (!next.empty()) body["next_cursor"] = next;
    inputs_.AddResponse(ChildrenRequest(row_.id, {}, block, cursor, 1), body.dump());
  }
  Rendering Render() {
    out_.text.clear();
    auto rendering = RenderPage(row_, inputs_, {}, out_);
    EXPECT_TRUE(rendering.has_value());
    return rendering ? *rendering : Rendering{};
  }
  std::size_t Count(const std::string& text) const {
    std::size_t count = 0;
    for (auto at = out_.text.find(text); at != out_.text.npos; at = out_.text.find(text, at + 1)) {
      ++count;
    }
    return count;
  }

  DocumentRow row_{
      .id = DocumentId(kPage), .kind = "page", .title = "T", .path = "T.md", .known = true};
  FakeInputs inputs_;
  StringSink out_;
};

TEST_F(RenderTest, FollowsEveryCursor) {
  Children(kPage, {Paragraph("one")}, "", "c1");
  Children(kPage, {Paragraph("two")}, "c1", "c2");
  Children(kPage, {Paragraph("three")}, "c2");
  Render();
  EXPECT_NE(out_.text.find("one\n\ntwo\n\nthree\n"), std::string::npos);
}

TEST_F(RenderTest, ACursorThatLeadsBackEndsTheList) {
  Children(kPage, {Paragraph("one")}, "", "c1");
  Children(kPage, {Paragraph("two")}, "c1", "c1");
  Render();
  EXPECT_EQ(Count("two"), 1u);
}

TEST_F(RenderTest, NamesEveryMissingListInOnePass) {
  Children(kPage, {Paragraph("a", "k1", true), Paragraph("b", "k2", true)});
  const Rendering rendering = Render();
  ASSERT_EQ(rendering.missing.size(), 2u);
  EXPECT_EQ(rendering.missing[0], ChildrenRequest(row_.id, {}, "k1", "", 2));
  EXPECT_EQ(rendering.missing[1], ChildrenRequest(row_.id, {}, "k2", "", 2));
}

TEST_F(RenderTest, BlocksThatHoldThemselvesStopAtTheLimitVisibly) {
  Children(kPage, {Paragraph("again", kPage, true)});
  const Rendering rendering = Render();
  EXPECT_EQ(Count("again"), 256u);
  EXPECT_EQ(Count("<!-- notion:too-deep"), 1u);
  ASSERT_EQ(rendering.notes.size(), 1u);
  EXPECT_EQ(rendering.notes[0].kind, "too-deep");
}

TEST_F(RenderTest, AMissingObjectIsAskedFor) {
  row_.id = DocumentId("22222222-2222-4222-8222-222222222222");
  ASSERT_EQ(Render().missing.size(), 1u);
}

TEST_F(RenderTest, ADamagedAnswerFailsTheRendering) {
  inputs_.AddResponse(ChildrenRequest(row_.id, {}, kPage, "", 1), R"({"results":[)");
  const auto rendering = RenderPage(row_, inputs_, {}, out_);
  ASSERT_FALSE(rendering.has_value());
  EXPECT_NE(rendering.error().message.find("not whole JSON"), std::string::npos);
}

TEST_F(RenderTest, PayloadsOfTheWrongTypeNeverCrash) {
  std::vector<json> blocks;
  for (const char* type :
       {"paragraph", "heading_1", "numbered_list_item", "to_do", "toggle", "callout", "table",
        "table_row", "code", "equation", "image", "bookmark", "child_page", "child_database",
        "link_to_page", "synced_block", "meeting_notes", "tab"}) {
    for (const json& payload : {json(), json(7), json("x"), json::array({1}), json::object(),
                                json{{"rich_text", {1, "x", {{"type", 7}}}}, {"children", "x"}}}) {
      blocks.push_back({{"id", "x"}, {"type", type}, {type, payload}});
    }
  }
  blocks.push_back(7);
  Children(kPage, blocks);
  Render();
  EXPECT_NE(out_.text.find("---"), std::string::npos);
}

TEST_F(RenderTest, BeforeFebruary2022RichTextWasCalledText) {
  json block = Paragraph("");
  block["paragraph"] = {{"text", json::array({{{"type", "text"}, {"plain_text", "old"}}})}};
  Children(kPage, {block});
  Render();
  EXPECT_NE(out_.text.find("\nold\n"), std::string::npos);
}

TEST_F(RenderTest, TwoRenderingsAreEqual) {
  Children(kPage, {Paragraph("one")});
  Render();
  const std::string first = out_.text;
  Render();
  EXPECT_EQ(out_.text, first);
}

TEST(JsonTest, RefusesWhatIsNestedDeeperThan256) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(JsonDocument::Parse(nested(250)).has_value());
  EXPECT_FALSE(JsonDocument::Parse(nested(257)).has_value());
  EXPECT_FALSE(JsonDocument::Parse(nested(100'000)).has_value());
}

TEST(JsonTest, NumbersStayAsTheyAre) {
  const auto document =
      JsonDocument::Parse("[9007199254740993, -1, 0.1, 31.299999, 18446744073709551615]");
  ASSERT_TRUE(document.has_value());
  std::vector<std::string> texts;
  for (const Json number : document->root().get_array()) texts.push_back(NumberText(number));
  EXPECT_EQ(texts, (std::vector<std::string>{"9007199254740993", "-1", "0.1", "31.299999",
                                             "18446744073709551615"}));
}

TEST(PropertiesTest, OnlyLongListsNeedARequestOfTheirOwn) {
  const auto needs = [](const json& property) {
    return NeedsPropertyRequest(JsonDocument::Parse(property.dump())->root());
  };
  const json item = {{"plain_text", "x"}};
  EXPECT_TRUE(needs({{"type", "rich_text"}, {"rich_text", json(25, item)}}));
  EXPECT_FALSE(needs({{"type", "rich_text"}, {"rich_text", json(24, item)}}));
  EXPECT_TRUE(needs({{"type", "people"}, {"people", json(25, item)}}));
  EXPECT_FALSE(needs({{"type", "relation"}, {"relation", json(25, item)}, {"has_more", false}}));
  EXPECT_TRUE(needs({{"type", "relation"}, {"relation", json(25, item)}, {"has_more", true}}));
  EXPECT_FALSE(needs({{"type", "multi_select"}, {"multi_select", json(25, item)}}));
}

}  // namespace
}  // namespace sluice::notion
