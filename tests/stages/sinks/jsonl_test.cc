#include "tests/stages/sinks/record_fixture.h"

namespace sluice {
namespace {

std::string Jsonl(const std::string& row, OutputSpec output = {}) {
  output.format = Format::kJsonl;
  return TextOf({row}, std::move(output));
}

TEST(JsonlTest, ARecordIsALineWithoutBlanks) {
  EXPECT_EQ(TextOf({"{ \"b\" : 1,\n \"a\" : [ 1, {} ] }", "{}"}, {}),
            "{\"b\":1,\"a\":[1,{}]}\n{}\n");
}

TEST(JsonlTest, NumbersKeepTheirText) {
  for (const char* number : {"9007199254740993", "1234567890123456789012345", "-0", "0.10", "1e300",
                             "1E-400", "-1.50e+3"}) {
    const std::string row = std::string("{\"n\":") + number + "}";
    EXPECT_EQ(Jsonl(row), row + "\n");
    EXPECT_EQ(Jsonl(row, {.fields = {"n"}}), row + "\n");
    EXPECT_EQ(Jsonl(row, {.flatten = true}), row + "\n");
  }
}

TEST(JsonlTest, FieldsAreExactlyTheseInOrderAndMissingOnesNull) {
  EXPECT_EQ(Jsonl(R"({"id":1,"movie":{"title":"x","ids":{"tmdb":5}},"rest":true})",
                  {.fields = {"movie.title", "none", "id", "movie.ids"}}),
            R"({"movie__title":"x","none":null,"id":1,"movie__ids":{"tmdb":5}})"
            "\n");
}

TEST(JsonlTest, AFieldWithAStarIsAList) {
  EXPECT_EQ(Jsonl(R"({"tags":[{"n":1.0},{"n":2},{}]})", {.fields = {"tags[*].n", "tags[0].n"}}),
            "{\"tags__n\":[1.0,2],\"tags__0__n\":1.0}\n");
}

TEST(JsonlTest, RenamesFields) {
  const std::vector<std::pair<std::string, std::string>> rename = {{"a.b", "c"}, {"x", "y"}};
  EXPECT_EQ(Jsonl(R"({"a":{"b":1},"x":2})", {.fields = {"a.b", "x"}, .rename = rename}),
            "{\"c\":1,\"y\":2}\n");
  EXPECT_EQ(Jsonl(R"({"a":{"b":1},"x":2})", {.rename = rename}), "{\"a\":{\"b\":1},\"y\":2}\n");
  EXPECT_EQ(Jsonl(R"({"a":{"b":1},"x":2})", {.rename = rename, .flatten = true}),
            "{\"c\":1,\"y\":2}\n");
}

TEST(JsonlTest, ARenamedObjectNamesWhatIsInIt) {
  EXPECT_EQ(Jsonl(R"({"owner":{"login":"x"}})", {.rename = {{"owner", "user"}}, .flatten = true}),
            "{\"user__login\":\"x\"}\n");
}

TEST(JsonlTest, FlattensObjectsAndLeavesLists) {
  EXPECT_EQ(Jsonl(R"({"a":{"b":{"c":1},"d":[{"e":1}]},"f":{},"g":null})", {.flatten = true}),
            "{\"a__b__c\":1,\"a__d\":[{\"e\":1}],\"f\":{},\"g\":null}\n");
}

TEST(JsonlTest, NoNameComesTwice) {
  EXPECT_EQ(Jsonl(R"({"a__b":1,"a":{"b":2}})", {.flatten = true}), "{\"a__b\":1,\"a__b_2\":2}\n");
  EXPECT_EQ(Jsonl(R"({"a":1,"b":2})", {.rename = {{"a", "b"}}}), "{\"b\":1,\"b_2\":2}\n");
  EXPECT_EQ(Jsonl(R"({"a":1})", {.fields = {"a", "a"}}), "{\"a\":1,\"a_2\":1}\n");
}

TEST(JsonlTest, ControlCharactersAreEscapedAndLineSeparatorsStay) {
  EXPECT_EQ(Jsonl(R"({"a\nb":"\u0000\u001f\u2028\u2029\"\\"})"),
            "{\"a\\nb\":\"\\u0000\\u001f\u2028\u2029\\\"\\\\\"}\n");
}

TEST(JsonlTest, ARecordNeedNotBeAnObject) {
  EXPECT_EQ(TextOf({"[1, 2]", "\"x\"", "null"}, {}), "[1,2]\n\"x\"\nnull\n");
  EXPECT_EQ(TextOf({"[1, 2]", "7"}, {.flatten = true}), "[1,2]\n7\n");
}

TEST(JsonlTest, ABrokenRecordIsNamedByItsNumber) {
  const Error error = ErrorOf({TableOf({"{}", "{\"a\":"}, {})});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.message.find("'things': record 2: "), error.message.npos) << error.message;
}

TEST(JsonlTest, APathThatIsNoneIsTheUsersError) {
  EXPECT_EQ(ErrorOf({TableOf({}, {.fields = {"a["}})}).code, Code::kUsage);
}

TEST(JsonlTest, AnErrorOfTheRowsIsPassedOn) {
  RecordTable table = TableOf({}, {});
  table.for_each = [](const auto&) { return Fail(Code::kDamaged, "rows are gone"); };
  EXPECT_EQ(ErrorOf({table}).code, Code::kDamaged);
}

TEST(JsonlTest, NoRowsAreAnEmptyFile) { EXPECT_EQ(TextOf({}, {}), ""); }

}  // namespace
}  // namespace sluice
