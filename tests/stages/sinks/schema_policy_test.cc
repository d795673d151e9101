// What becomes of fields that the schema does not have: `fields`, else the first hundred rows.
#include "tests/stages/sinks/record_fixture.h"

namespace sluice {
namespace {

// A hundred rows {"a":1,"o":{"x":1}}, then the given ones.
std::vector<std::string> AfterTheSchema(const std::vector<std::string>& more) {
  std::vector<std::string> rows(100, R"({"a":1,"o":{"x":1}})");
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

Written Write(const std::vector<std::string>& more, OutputSpec output) {
  return WriteText(TableOf(AfterTheSchema(more), std::move(output)));
}

// The end of a text, in lines.
std::string Last(const std::string& text, int lines) {
  std::size_t at = text.size();
  for (int i = 0; i <= lines && at != text.npos && at > 0; ++i) at = text.rfind('\n', at - 1);
  return text.substr(at == text.npos ? 0 : at + 1);
}

const std::vector<std::string> kMore = {R"({"a":2,"b":1,"o":{"x":2,"y":3}})", R"({"a":3,"o":null})",
                                        R"({"b":4})"};

TEST(SchemaPolicyTest, EvolveAddsColumnsAtTheEnd) {
  const Written written = Write(kMore, {.format = Format::kCsv});
  EXPECT_TRUE(written.text().starts_with("a,o__x,b,o__y\r\n1,1,,\r\n"));
  EXPECT_EQ(Last(written.text(), 3), "2,2,1,3\r\n3,,,\r\n,,4,\r\n");
  EXPECT_TRUE(written.notes.empty());
}

TEST(SchemaPolicyTest, FreezeLeavesFieldsOutAndCountsThem) {
  const Written written =
      Write(kMore, {.format = Format::kCsv, .schema_policy = SchemaPolicy::kFreeze});
  EXPECT_TRUE(written.text().starts_with("a,o__x\r\n1,1\r\n"));
  EXPECT_EQ(Last(written.text(), 3), "2,2\r\n3,\r\n,\r\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_EQ(written.notes[0].kind, "schema");
  EXPECT_EQ(written.notes[0].text,
            "'things': fields that the schema does not have were left out: 'b' (2 rows), 'o.y' (1 "
            "row)");
}

TEST(SchemaPolicyTest, DiscardRowLeavesRowsOutAndCountsThem) {
  const Written written =
      Write(kMore, {.format = Format::kCsv, .schema_policy = SchemaPolicy::kDiscardRow});
  EXPECT_TRUE(written.text().starts_with("a,o__x\r\n1,1\r\n"));
  EXPECT_EQ(Last(written.text(), 2), "1,1\r\n3,\r\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_EQ(written.notes[0].text,
            "'things': 2 rows were left out for fields that the schema does not have: 'b' (2 "
            "rows), 'o.y' (1 row)");
}

TEST(SchemaPolicyTest, JsonlHoldsMembersOfTheRecordAgainstTheSchema) {
  Written written = Write(kMore, {.schema_policy = SchemaPolicy::kFreeze});
  EXPECT_EQ(Last(written.text(), 3),
            "{\"a\":2,\"o\":{\"x\":2,\"y\":3}}\n{\"a\":3,\"o\":null}\n{}\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_TRUE(written.notes[0].text.ends_with(": 'b' (2 rows)")) << written.notes[0].text;

  written = Write(kMore, {.schema_policy = SchemaPolicy::kDiscardRow});
  EXPECT_EQ(Last(written.text(), 1), "{\"a\":3,\"o\":null}\n");
}

TEST(SchemaPolicyTest, JsonlHoldsFlattenedFieldsAgainstTheSchema) {
  Written written = Write(kMore, {.flatten = true, .schema_policy = SchemaPolicy::kFreeze});
  EXPECT_EQ(Last(written.text(), 3), "{\"a\":2,\"o__x\":2}\n{\"a\":3,\"o\":null}\n{}\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_TRUE(written.notes[0].text.ends_with("'b' (2 rows), 'o.y' (1 row)"));
}

TEST(SchemaPolicyTest, AScalarWhereTheSchemaHasAnObjectIsUnknown) {
  const Written written =
      Write({R"({"o":7})"}, {.format = Format::kCsv, .schema_policy = SchemaPolicy::kFreeze});
  EXPECT_EQ(Last(written.text(), 1), ",\r\n");
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_TRUE(written.notes[0].text.ends_with(": 'o' (1 row)"));
}

TEST(SchemaPolicyTest, FieldsAreTheSchemaFromTheFirstRowOn) {
  const std::vector<std::string> rows = {R"({"a":{"x":1},"b":1})", R"({"a":{"x":2,"y":0}})"};
  const auto written = [&](SchemaPolicy policy) {
    return WriteText(
        TableOf(rows, {.format = Format::kCsv, .fields = {"a.x"}, .schema_policy = policy}));
  };
  EXPECT_EQ(written(SchemaPolicy::kEvolve).text(), "a__x\r\n1\r\n2\r\n");
  EXPECT_TRUE(written(SchemaPolicy::kEvolve).notes.empty());
  EXPECT_EQ(written(SchemaPolicy::kFreeze).text(), "a__x\r\n1\r\n2\r\n");
  ASSERT_EQ(written(SchemaPolicy::kFreeze).notes.size(), 1u);
  EXPECT_TRUE(written(SchemaPolicy::kFreeze).notes[0].text.ends_with(": 'b' (1 row)"));
  EXPECT_EQ(written(SchemaPolicy::kDiscardRow).text(), "a__x\r\n2\r\n");
}

TEST(SchemaPolicyTest, SqliteFreezesChildTablesToo) {
  std::vector<std::string> rows(100, R"({"l":[{"x":1}]})");
  rows.push_back(R"({"l":[{"x":2,"y":3}],"m":[1]})");
  SqliteFile file(
      {TableOf(rows, {.format = Format::kSqlite, .schema_policy = SchemaPolicy::kFreeze})});
  EXPECT_EQ(file.Query("SELECT * FROM things__l WHERE x = 2"), "101|0|2\n");
  EXPECT_EQ(file.Query("SELECT count(*) FROM sqlite_schema WHERE name = 'things__m'"), "0\n");
  ASSERT_EQ(file.notes.size(), 1u);
  EXPECT_TRUE(file.notes[0].text.ends_with(": 'l.y' (1 row), 'm' (1 row)")) << file.notes[0].text;
}

TEST(SchemaPolicyTest, SqliteDiscardsRowsBeforeTheirTypesCount) {
  std::vector<std::string> rows(100, R"({"a":1})");
  rows.push_back(R"({"a":"x","b":1})");
  SqliteFile file(
      {TableOf(rows, {.format = Format::kSqlite, .schema_policy = SchemaPolicy::kDiscardRow})});
  EXPECT_EQ(file.Query("SELECT DISTINCT a FROM things"), "1\n");
}

TEST(SchemaPolicyTest, ManyFieldsAreCountedAndFewNamed) {
  std::vector<std::string> more;
  for (int i = 0; i < 2000; ++i) more.push_back(fmt::format("{{\"f{:04}\":1}}", i));
  const Written written = Write(more, {.schema_policy = SchemaPolicy::kFreeze});
  ASSERT_EQ(written.notes.size(), 1u);
  EXPECT_TRUE(written.notes[0].text.ends_with("'f0019' (1 row) and at least 980 more"))
      << written.notes[0].text;
}

}  // namespace
}  // namespace sluice
