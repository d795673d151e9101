// RawJson: every byte is validated, and nothing of a value is lost.
#include "stages/json/raw_json.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

RawJson Parsed(std::string_view text) {
  auto json = RawJson::Parse(text);
  EXPECT_TRUE(json) << text << ": " << (json ? "" : json.error().message);
  return json ? std::move(*json) : *RawJson::Parse("null");
}

Code CodeOf(std::string_view text) {
  const auto json = RawJson::Parse(text);
  EXPECT_FALSE(json) << text;
  return json ? Code::kFatal : json.error().code;
}

TEST(RawJsonTest, NumbersKeepEveryDigit) {
  for (const char* number :
       {"9007199254740993", "18446744073709551616", "1234567890123456789012345", "-0", "0.10",
        "1e300", "1E-400", "-1.5e+3", "0", "123456789.123456789123456789"}) {
    EXPECT_EQ(Parsed(number).root().json(), number);
    EXPECT_EQ(Parsed(std::string("[") + number + " , 1]").root().json(),
              std::string("[") + number + ",1]");
  }
}

TEST(RawJsonTest, WhatIsNoNumberIsRefused) {
  for (const char* text :
       {"01", "1.", ".5", "+1", "1e", "--1", "NaN", "Infinity", "0x10", "1 2", "1e400"}) {
    EXPECT_EQ(CodeOf(text), Code::kTransient) << text;
  }
}

TEST(RawJsonTest, ABodyThatIsCutAnywhereIsRefused) {
  const std::string whole = R"({"a": [1, {"b": "x\ny", "c": null}], "d": true, "e": -1.5e3})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(CodeOf(whole.substr(0, size)), Code::kTransient) << size;
  }
}

TEST(RawJsonTest, WhatFollowsTheDocumentIsRefused) {
  for (const char* text : {"{} {}", "[1],", "null x", "[1]]", "{}\n<html>"}) {
    EXPECT_EQ(CodeOf(text), Code::kTransient) << text;
  }
  EXPECT_EQ(CodeOf(std::string_view("[1]\0[", 5)), Code::kTransient);
}

TEST(RawJsonTest, BytesThatAreNotUtf8AreRefused) {
  for (const char* text : {"\"\xff\"", "\"\xc3\"", "{\"\xed\xa0\x80\": 1}", "\"\t\""}) {
    EXPECT_EQ(CodeOf(text), Code::kTransient) << text;
  }
}

TEST(RawJsonTest, DeepNestingIsRefusedForGood) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(RawJson::Parse(nested(256)));
  EXPECT_EQ(CodeOf(nested(257)), Code::kInvalid);
  EXPECT_EQ(CodeOf(std::string(1'000'000, '[')), Code::kInvalid);
}

TEST(RawJsonTest, ABomBeforeTheDocumentIsSkipped) {
  EXPECT_EQ(Parsed("\xef\xbb\xbf[1]").root().json(), "[1]");
}

TEST(RawJsonTest, StringsAreUnescapedAndEscapedAgain) {
  const RawJson json = Parsed(R"("a\u00e9\ud83d\ude00\"\\\/\n\u0000z")");
  EXPECT_EQ(json.root().text(), std::string_view("a\xc3\xa9\xf0\x9f\x98\x80\"\\/\n\0z", 13));
  EXPECT_EQ(json.root().json(), "\"a\xc3\xa9\xf0\x9f\x98\x80\\\"\\\\/\\n\\u0000z\"");
}

TEST(RawJsonTest, ChildrenComeInTheirOrder) {
  const RawJson json = Parsed(R"({"z": 1, "a": [true, null], "z": 2})");
  std::string keys;
  for (auto child = json.root().first(); child; child = child->next()) keys += child->key();
  EXPECT_EQ(keys, "zaz");
  EXPECT_EQ(json.root()["z"]->text(), "1");
  EXPECT_EQ(json.root()["a"]->at(1)->type(), JsonValue::Type::kNull);
  EXPECT_FALSE(json.root()["a"]->at(2));
  EXPECT_FALSE(json.root()["b"]);
  EXPECT_EQ(json.root().size(), 3u);
}

TEST(RawJsonTest, ValuesOutliveAMove) {
  RawJson first = Parsed(R"(["short"])");
  const JsonValue value = first.root();
  const RawJson second = std::move(first);
  EXPECT_EQ(value.at(0)->text(), "short");
}

// What is written is read back as what it was.
class AnyJsonTest : public testing::TestWithParam<unsigned> {
 protected:
  std::string Any(int depth) {
    switch (rng_() % (depth > 4 ? 5 : 7)) {
      case 0:
        return "null";
      case 1:
        return rng_() % 2 == 0 ? "true" : "false";
      case 2:
        return std::to_string(static_cast<long long>(rng_()) * 1'000'003 - 7) + "." +
               std::to_string(rng_() % 1000) + "5";
      case 3:
        return std::to_string(rng_());
      case 4:
        return AnyString();
      case 5: {
        std::string text = "[";
        for (unsigned i = rng_() % 4; i > 0; --i) text += Any(depth + 1) + (i > 1 ? "," : "");
        return text + "]";
      }
      default: {
        std::string text = "{";
        for (unsigned i = rng_() % 4; i > 0; --i) {
          text += AnyString() + ":" + Any(depth + 1) + (i > 1 ? "," : "");
        }
        return text + "}";
      }
    }
  }

 private:
  std::string AnyString() {
    static constexpr const char* kParts[] = {"a", "\"", "\\", "\n", "\x01", "é", "😀", "\u2028"};
    std::string text;
    for (unsigned i = rng_() % 6; i > 0; --i) text += kParts[rng_() % 8];
    return JsonQuote(text);
  }

  std::mt19937 rng_{GetParam()};
};

TEST_P(AnyJsonTest, WritingAndReadingGivesTheSameText) {
  for (int i = 0; i < 200; ++i) {
    const std::string text = Any(0);
    EXPECT_EQ(Parsed(text).root().json(), text);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyJsonTest, testing::Range(1u, 6u));

}  // namespace
}  // namespace sluice
