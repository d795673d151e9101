// A long JSON text taken apart at its longest list: the parts are the whole.
#include "stages/json/list_windows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "stages/json/raw_json.h"
#include "stages/json/windowed_json.h"

namespace sluice {
namespace {

using Strings = std::vector<std::string>;

ListWindows Find(const std::string& text) {
  auto windows = ListWindows::Find(text);
  EXPECT_TRUE(windows.has_value()) << windows.error().message;
  return *windows;
}

// The arrays that ForEach() hands out.
Strings Windows(const std::string& text, std::size_t window_bytes) {
  Strings all;
  const Status status = Find(text).ForEach(window_bytes, [&](std::string_view window) -> Status {
    all.emplace_back(window);
    return {};
  });
  EXPECT_TRUE(status.has_value()) << status.error().message;
  return all;
}

TEST(ListWindows, TakesTheLongestListThatHasOnlyObjectsAroundIt) {
  const ListWindows windows =
      Find(R"({"ids":[1,2],"data":{"items":[{"tags":["a","b"]},{"tags":[]}],"n":2}})");
  EXPECT_EQ(windows.path(), (Strings{"data", "items"}));
  EXPECT_EQ(windows.size(), 2u);
}

TEST(ListWindows, RootMayBeTheList) {
  const ListWindows windows = Find("[1, 2, 3]");
  EXPECT_EQ(windows.path(), Strings{});
  EXPECT_EQ(windows.size(), 3u);
}

TEST(ListWindows, FrameKeepsTheFirstElementAndAllElse) {
  EXPECT_EQ(Find(R"({"a":1,"r":[{"x":"]"}, 2,3 ],"next":"c"})").Frame(),
            R"({"a":1,"r":[{"x":"]"}],"next":"c"})");
}

TEST(ListWindows, WindowsHoldWholeElementsInTheirOrder) {
  EXPECT_EQ(Windows(R"([1,{"a":[2,3]},"x,y]",4])", 1),
            (Strings{"[1]", R"([{"a":[2,3]}])", R"(["x,y]"])", "[4]"}));
  EXPECT_EQ(Windows("[1,2,3,4]", 3), (Strings{"[1,2]", "[3,4]"}));
}

TEST(ListWindows, NamesAreUnescaped) {
  EXPECT_EQ(Find(R"({"a\"b":[1,2]})").path(), Strings{"a\"b"});
}

TEST(ListWindows, WithoutAListTheFrameIsTheText) {
  for (const char* text : {R"({"a":{"b":1}})", "[]", "[[1,2]]", "17", R"({"r":[{"x":[1,2]}]})"}) {
    EXPECT_FALSE(Find(text).path()) << text;
    EXPECT_EQ(Find(text).Frame(), text);
  }
}

TEST(ListWindows, CutTextIsTransient) {
  for (const char* text : {R"({"r":[1,2)", R"({"r":[1,"2)", "[1,2]]", R"("abc\")"}) {
    const auto windows = ListWindows::Find(text);
    ASSERT_FALSE(windows.has_value()) << text;
    EXPECT_EQ(windows.error().code, Code::kTransient) << text;
  }
}

TEST(ListWindows, TooDeepIsInvalid) {
  const auto windows = ListWindows::Find(std::string(100'000, '['));
  EXPECT_EQ(windows.error().code, Code::kInvalid);
}

// --- whole and in parts: the same ---

// A document of random shape whose members a, b and c may be lists.
nlohmann::json RandomValue(std::mt19937& random, int depth) {
  const unsigned kind = random() % (depth > 0 ? 8 : 5);
  if (kind == 0) return nullptr;
  if (kind == 1) return random() % 2 == 0;
  if (kind == 2) return random();
  if (kind <= 4) return Strings{"", "a,b", "]}[{\"", "\\", "é", "\\\""}[random() % 6];
  nlohmann::json value = kind == 5 ? nlohmann::json::array() : nlohmann::json::object();
  const unsigned size = random() % 6;
  for (unsigned i = 0; i < size; ++i) {
    if (value.is_array()) {
      value.push_back(RandomValue(random, depth - 1));
    } else {
      value[Strings{"a", "b", "c", "d\"e"}[random() % 4]] = RandomValue(random, depth - 1);
    }
  }
  return value;
}

// Valid exactly if the frame and all windows are.
bool PartsAreValid(const std::string& text) {
  const auto windows = ListWindows::Find(text);
  if (!windows || !RawJson::Parse(windows->Frame())) return false;
  if (!windows->path()) return true;
  return windows
      ->ForEach(1,
                [&](std::string_view window) -> Status {
                  const auto json = RawJson::Parse(window);
                  return json ? Status() : Fail(json.error());
                })
      .has_value();
}

TEST(ListWindowsProperty, PartsOfAValidTextGiveTheTextBack) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const nlohmann::json document = RandomValue(random, 5);
    const std::string text = document.dump(random() % 2 == 0 ? -1 : 1);
    const ListWindows windows = Find(text);
    if (!windows.path()) continue;
    nlohmann::json elements = nlohmann::json::array();
    for (const std::string& window : Windows(text, random() % 20)) {
      for (auto& element : nlohmann::json::parse(window)) elements.push_back(element);
    }
    EXPECT_EQ(elements.size(), windows.size()) << text;
    nlohmann::json rebuilt = nlohmann::json::parse(windows.Frame());
    nlohmann::json* list = &rebuilt;
    for (const std::string& name : *windows.path()) list = &(*list)[name];
    *list = elements;
    EXPECT_EQ(rebuilt, document) << text;
  }
}

TEST(ListWindowsProperty, PartsAreValidExactlyIfTheWholeIs) {
  std::mt19937 random(11);
  int broken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = RandomValue(random, 4).dump();
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text.erase(at, 1);
        break;
      case 1:
        text[at] = "[]{},:\"\\ x1"[random() % 11];
        break;
      default:
        text.insert(at, 1, "[]{},:\"\\ x1"[random() % 11]);
    }
    const bool whole = RawJson::Parse(text).has_value();
    EXPECT_EQ(PartsAreValid(text), whole) << text;
    broken += whole ? 0 : 1;
  }
  EXPECT_GT(broken, 5000);
}

// --- WindowedJson ---

std::string LongList(std::size_t elements) {
  std::string text = R"({"before":1,"items":[)";
  for (std::size_t i = 0; i < elements; ++i) {
    text += (i == 0 ? "" : ",") + (R"({"id":)" + std::to_string(i)) + R"(,"text":")" +
            std::string(100, 'x') + R"("})";
  }
  return text + R"(],"after":2})";
}

TEST(WindowedJson, ShortTextIsParsedWhole) {
  const std::string text = LongList(3);
  const auto json = WindowedJson::Parse(text).value();
  EXPECT_EQ(json.list_path(), nullptr);
  EXPECT_EQ(json.root()["items"]->size(), 3u);
}

TEST(WindowedJson, LongTextIsReadElementByElement) {
  const std::string text = LongList(10'000);
  const auto json = WindowedJson::Parse(text).value();
  ASSERT_NE(json.list_path(), nullptr);
  EXPECT_EQ(json.root()["after"]->text(), "2");
  std::size_t id = 0;
  EXPECT_TRUE(json.ForEachInList([&](const JsonValue& element) -> Status {
    EXPECT_EQ(element["id"]->text(), std::to_string(id++));
    return {};
  }));
  EXPECT_EQ(id, 10'000u);
}

TEST(WindowedJson, MadeWholeItIsAllThere) {
  const std::string text = LongList(10'000);
  auto json = WindowedJson::Parse(text).value();
  ASSERT_TRUE(json.MakeWhole());
  EXPECT_EQ(json.root()["items"]->size(), 10'000u);
}

TEST(WindowedJson, BrokenElementOfALongListShowsWhenItIsRead) {
  std::string text = LongList(10'000);
  text[text.find("9999") - 1] = 'x';  // for a colon
  const auto json = WindowedJson::Parse(text).value();
  const Status status = json.ForEachInList([](const JsonValue&) { return Status(); });
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, Code::kTransient);
}

}  // namespace
}  // namespace sluice
