#include "tests/stages/sinks/record_fixture.h"

namespace sluice {
namespace {

std::string Csv(std::vector<std::string> rows, OutputSpec output = {}) {
  output.format = Format::kCsv;
  return TextOf(std::move(rows), std::move(output));
}

TEST(CsvRecordsTest, ColumnsStandInOrderOfAppearanceOverAllRows) {
  EXPECT_EQ(Csv({R"({"b":1,"a":2})", R"({"c":3,"a":4})"}), "b,a,c\r\n1,2,\r\n,4,3\r\n");
}

TEST(CsvRecordsTest, ColumnsAreTheFieldsInTheirOrder) {
  EXPECT_EQ(Csv({R"({"b":1,"a":{"x":2}})"}, {.fields = {"none", "a.x", "b"}}),
            "none,a__x,b\r\n,2,1\r\n");
  EXPECT_EQ(Csv({}, {.fields = {"none", "a.x", "b"}}), "none,a__x,b\r\n");
}

TEST(CsvRecordsTest, AFieldThatIsAnObjectHasItsColumnsAtItsPlace) {
  EXPECT_EQ(Csv({R"({"o":{"y":1}})", R"({"o":{"z":2},"b":3})"}, {.fields = {"o", "b"}}),
            "o__y,o__z,b\r\n1,,\r\n,2,3\r\n");
}

TEST(CsvRecordsTest, NullIsEmptyAndTheEmptyStringIsQuoted) {
  EXPECT_EQ(Csv({R"({"a":null,"b":""})", R"({"a":"","b":null})"}), "a,b\r\n,\"\"\r\n\"\",\r\n");
}

TEST(CsvRecordsTest, ALoneEmptyCellIsStillARow) {
  EXPECT_EQ(Csv({R"({"a":null})", R"({"a":1})"}), "a\r\n\"\"\r\n1\r\n");
}

TEST(CsvRecordsTest, ValuesStandAsTheApiWroteThem) {
  EXPECT_EQ(Csv({R"({"a":true,"b":false,"c":12345678901234567890123,"d":-0,"e":0.10,"f":"=1+1"})"}),
            "a,b,c,d,e,f\r\ntrue,false,12345678901234567890123,-0,0.10,=1+1\r\n");
}

TEST(CsvRecordsTest, NestedObjectsAreColumnsAndListsAreJson) {
  EXPECT_EQ(Csv({R"({"o":{"login":"x","p":{"q":1}},"tags":["a", {"b":2}],"none":[]})"}),
            "o__login,o__p__q,tags,none\r\nx,1,\"[\"\"a\"\",{\"\"b\"\":2}]\",[]\r\n");
}

TEST(CsvRecordsTest, AFieldThatIsNullHereAndAnObjectThereHasNoColumnOfItsOwn) {
  EXPECT_EQ(Csv({R"({"o":null,"a":1})", R"({"o":{"x":2},"a":3})", R"({"o":{},"a":4})"}),
            "a,o__x\r\n1,\r\n3,2\r\n4,\r\n");
  EXPECT_EQ(Csv({R"({"o":null,"e":{},"a":1})"}), "o,e,a\r\n,{},1\r\n");
}

TEST(CsvRecordsTest, NamesThatWouldBeOneAreNumberedAndSaidSo) {
  const Written written =
      WriteText(TableOf({R"({"a__b":1,"a":{"b":2}})"}, {.format = Format::kCsv}));
  EXPECT_EQ(written.text(), "a__b,a__b_2\r\n1,2\r\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_EQ(written.notes[0].text,
            "'things': field 'a.b' is column 'a__b_2', because another is named 'a__b'");
}

TEST(CsvRecordsTest, RenamesColumns) {
  EXPECT_EQ(
      Csv({R"({"a":1,"o":{"x":2,"y":3}})"}, {.rename = {{"a", "b"}, {"o", "p"}, {"o.y", "z"}}}),
      "b,p__x,z\r\n1,2,3\r\n");
}

TEST(CsvRecordsTest, OfAKeyThatComesTwiceTheFirstCounts) {
  EXPECT_EQ(Csv({R"({"a":1,"a":"x"})"}), "a\r\n1\r\n");
}

TEST(CsvRecordsTest, RecordsThatAreNoObjectsHaveTheColumnValue) {
  EXPECT_EQ(Csv({"1", "\"x\"", "[1]"}), "value\r\n1\r\nx\r\n[1]\r\n");
}

TEST(CsvRecordsTest, AByteOrderMarkInTheFirstNameIsNotThatOfTheFile) {
  EXPECT_EQ(Csv({"{\"\\ufeffid\":1}"}), "\"\xEF\xBB\xBFid\"\r\n1\r\n");
}

TEST(CsvRecordsTest, NoRowsAndNoFieldsAreAnEmptyFile) { EXPECT_EQ(Csv({}), ""); }

TEST(CsvRecordsTest, TooManyFieldsNameTheLimit) {
  RecordTable table = TableOf({}, {.format = Format::kCsv});
  table.for_each = [](const auto& use) -> Status {
    for (int i = 0; i < 20'000; ++i) {
      if (auto used = use(fmt::format("{{\"id{}\":1}}", i)); !used) return used;
    }
    return {};
  };
  const Error error = ErrorOf({table});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.message.find("more than 10000 different fields"), error.message.npos)
      << error.message;
}

}  // namespace
}  // namespace sluice
