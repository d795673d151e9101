#include "tests/stages/sinks/record_fixture.h"

namespace sluice {
namespace {

OutputSpec Sqlite(OutputSpec output = {}) {
  output.format = Format::kSqlite;
  return output;
}

SqliteFile File(std::vector<std::string> rows, std::vector<std::string> key = {},
                OutputSpec output = {}) {
  return SqliteFile({TableOf(std::move(rows), Sqlite(std::move(output)), std::move(key))});
}

// Of the columns of a table: name, type, part of the primary key.
std::string Columns(SqliteFile& file, const std::string& table) {
  return file.Query("SELECT name, type, pk FROM pragma_table_info('" + table + "')");
}

TEST(SqliteRecordsTest, TypesFollowWhatAllRowsHold) {
  SqliteFile file =
      File({R"({"i":1,"r":1.5,"n":1,"b":true,"t":"x","m":1,"z":null})",
            R"({"i":-9223372036854775808,"r":2.0,"n":0.5,"b":false,"t":"","m":"y"})"});
  EXPECT_EQ(Columns(file, "things"),
            "'i'|'INTEGER'|0\n'r'|'REAL'|0\n'n'|'NUMERIC'|0\n'b'|'INTEGER'|0\n't'|'TEXT'|0\n"
            "'m'|'TEXT'|0\n'z'|'TEXT'|0\n");
  EXPECT_EQ(file.Query("SELECT * FROM things"),
            "1|1.5|1|1|'x'|'1'|NULL\n-9223372036854775808|2.0|0.5|0|''|'y'|NULL\n");
}

TEST(SqliteRecordsTest, NumbersThatAreNotExactOtherwiseAreText) {
  SqliteFile file = File({R"({"a":9223372036854775808,"b":0.1234567890123456789,"c":1E-400})",
                          R"({"a":1,"b":0.10,"c":2})"});
  EXPECT_EQ(file.Query("SELECT * FROM things"),
            "'9223372036854775808'|'0.1234567890123456789'|'1E-400'\n'1'|'0.10'|'2'\n");
}

TEST(SqliteRecordsTest, BooleansBesideNumbersAreText) {
  EXPECT_EQ(File({R"({"a":true})", R"({"a":1})"}).Query("SELECT a FROM things"), "'true'\n'1'\n");
}

TEST(SqliteRecordsTest, AnIntegerKeyIsThePrimaryKey) {
  SqliteFile file = File({R"({"id":7,"a":"x"})", R"({"id":3,"a":"y"})"}, {"id"});
  EXPECT_EQ(Columns(file, "things"), "'id'|'INTEGER'|1\n'a'|'TEXT'|0\n");
  EXPECT_EQ(file.Query("SELECT rowid FROM things"), "3\n7\n");
}

TEST(SqliteRecordsTest, SeveralColumnsAreThePrimaryKey) {
  SqliteFile file =
      File({R"({"a":1,"ids":{"b":"x"}})", R"({"a":1,"ids":{"b":"y"}})"}, {"ids.b", "a"});
  EXPECT_EQ(Columns(file, "things"), "'a'|'INTEGER'|2\n'ids__b'|'TEXT'|1\n");
}

TEST(SqliteRecordsTest, AKeyThatComesTwiceIsNamed) {
  const Error error = ErrorOf({TableOf({R"({"id":"x"})", R"({"id":"x"})"}, Sqlite(), {"id"})});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.message, "record 2 (id=\"x\"): 'things': UNIQUE constraint failed: things.id");
}

TEST(SqliteRecordsTest, ARecordWithoutItsKeyIsNamed) {
  const Error error = ErrorOf({TableOf({R"({"id":1})", R"({"a":1})"}, Sqlite(), {"id"})});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.message, "record 2 (id=nothing): its primary key is null");
}

TEST(SqliteRecordsTest, AKeyThatIsNotAmongTheFieldsIsNoKey) {
  SqliteFile file = File({R"({"id":1,"a":2})"}, {"id"}, {.fields = {"a"}});
  EXPECT_EQ(Columns(file, "things"), "'a'|'INTEGER'|0\n");
}

TEST(SqliteRecordsTest, ListsAreChildTablesThatNameTheirRow) {
  SqliteFile file = File(
      {R"({"id":5,"tags":["x","y"],"o":{"items":[{"n":1},{"n":2.5,"p":{"q":"z"}}]}})"}, {"id"});
  EXPECT_EQ(Columns(file, "things"), "'id'|'INTEGER'|1\n");
  EXPECT_EQ(Columns(file, "things__tags"),
            "'_parent_id'|'INTEGER'|1\n'_index'|'INTEGER'|2\n'value'|'TEXT'|0\n");
  EXPECT_EQ(file.Query("SELECT * FROM things__tags"), "5|0|'x'\n5|1|'y'\n");
  EXPECT_EQ(file.Query("SELECT _parent_id, _index, n, p__q FROM things__o__items"),
            "5|0|1|NULL\n5|1|2.5|'z'\n");
}

TEST(SqliteRecordsTest, ARowWithoutAnIntegerKeyHasANumberForItsChildren) {
  SqliteFile file =
      File({R"({"id":"x","tags":[1]})", R"({"id":"y","tags":[2,3]})", R"({"id":"z"})"}, {"id"});
  EXPECT_EQ(Columns(file, "things"), "'_id'|'INTEGER'|1\n'id'|'TEXT'|0\n");
  EXPECT_EQ(file.Query("SELECT id, value FROM things JOIN things__tags ON _parent_id = _id"),
            "'x'|1\n'y'|2\n'y'|3\n");
  EXPECT_EQ(
      ErrorOf({TableOf({R"({"id":"x","tags":[1]})", R"({"id":"x"})"}, Sqlite(), {"id"})}).message,
      "record 2 (id=\"x\"): 'things': UNIQUE constraint failed: things.id");
}

TEST(SqliteRecordsTest, DeeperListsAreJsonText) {
  const std::string row = R"({"id":1,"a":[{"b":[[1,2],[3]]}]})";
  EXPECT_EQ(File({row}, {"id"}).Query("SELECT * FROM things__a"), "1|0|'[[1,2],[3]]'\n");
  EXPECT_EQ(File({row}, {"id"}, {.max_table_nesting = 0}).Query("SELECT * FROM things"),
            "1|'[{\"b\":[[1,2],[3]]}]'\n");
  SqliteFile deep = File({row}, {"id"}, {.max_table_nesting = 3});
  EXPECT_EQ(deep.Query("SELECT * FROM things__a"), "1|1|0\n");
  EXPECT_EQ(deep.Query("SELECT * FROM things__a__b"), "1|1|0\n2|1|1\n");
  EXPECT_EQ(deep.Query("SELECT * FROM things__a__b__value"), "1|0|1\n1|1|2\n2|0|3\n");
}

TEST(SqliteRecordsTest, AListOfManyKindsKeepsThemAll) {
  SqliteFile file = File({R"({"id":1,"a":[1,null,"x",{"value":2}]})"}, {"id"});
  EXPECT_EQ(file.Query("SELECT * FROM things__a"),
            "1|0|'1'|NULL\n1|1|NULL|NULL\n1|2|'x'|NULL\n1|3|NULL|2\n");
}

TEST(SqliteRecordsTest, NamesThatSqliteTakesForOneAreNumbered) {
  SqliteFile file = File({R"({"Id":1,"id":2,"ID":3})"});
  EXPECT_EQ(file.Query("SELECT \"Id\", \"id_2\", \"ID_3\" FROM things"), "1|2|3\n");
  ASSERT_EQ(file.notes.size(), 2u);
  EXPECT_EQ(file.notes[0].text,
            "'things': field 'id' is column 'id_2': 'id' is taken (case does not count) or not "
            "possible");
}

TEST(SqliteRecordsTest, HostileNamesAreQuotedOrReplaced) {
  SqliteFile file = File({R"({"select":1,"a\"b; DROP TABLE x":2,"":3,"a\u0000b":4,"_index":5,
                              "rowid":6,"[x]":7,"'":8})"});
  EXPECT_EQ(file.Query("SELECT \"select\", \"a\"\"b; DROP TABLE x\", \"_\", \"a_b\", \"_index\", "
                       "\"rowid\", \"[x]\", \"'\" FROM things"),
            "1|2|3|4|5|6|7|8\n");
}

TEST(SqliteRecordsTest, TheColumnsOfAChildTableStepAsideForItsKey) {
  SqliteFile file = File({R"({"id":1,"a":[{"_index":"x","_Parent_ID":"y"}]})"}, {"id"});
  EXPECT_EQ(file.Query("SELECT _parent_id, _index, _index_2, _parent_id_2 FROM things__a"),
            "1|0|'x'|'y'\n");
}

TEST(SqliteRecordsTest, TableNamesAreOneEachAndResourcesComeFirst) {
  RecordTable first = TableOf({R"({"id":1,"b":[1]})"}, Sqlite(), {"id"});
  RecordTable second = TableOf({R"({"x":2})"}, Sqlite());
  RecordTable third = TableOf({R"({"x":3})"}, Sqlite());
  RecordTable fourth = TableOf({R"({"x":4})"}, Sqlite());
  first.name = "a";
  second.name = "A__B";
  third.name = "sqlite_stat1";
  fourth.name = "";
  SqliteFile file({first, second, third, fourth});
  EXPECT_EQ(file.Query("SELECT name FROM sqlite_schema WHERE type = 'table'"),
            "'a'\n'a__b_2'\n'A__B'\n'_sqlite_stat1'\n'_'\n");
  EXPECT_EQ(file.notes.size(), 3u);
}

TEST(SqliteRecordsTest, TextKeepsEveryCharacter) {
  SqliteFile file = File({R"({"a":"x\u0000y\u2028\ud83d\ude00'\""})"});
  EXPECT_EQ(file.Query("SELECT a FROM things"), std::string("'x\0y\u2028\U0001F600'\"'\n", 15));
}

TEST(SqliteRecordsTest, ATableWithoutRowsIsThere) {
  EXPECT_EQ(File({}).Query("SELECT count(*) FROM things"), "0\n");
  EXPECT_EQ(File({}, {}, {.fields = {"a"}}).Query("SELECT a FROM things"), "");
}

TEST(SqliteRecordsTest, TooManyColumnsNameTheLimit) {
  std::string row;
  for (int i = 0; i < 2001; ++i) row += fmt::format("{}\"c{}\":1", i == 0 ? "{" : ",", i);
  const Error error = ErrorOf({TableOf({row + "}"}, Sqlite())});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_NE(error.message.find("2001 columns, and SQLite takes 2000"), error.message.npos)
      << error.message;
}

TEST(SqliteRecordsTest, TheSameRowsGiveTheSameBytes) {
  std::vector<std::string> rows;
  for (int i = 0; i < 3000; ++i) {
    rows.push_back(fmt::format(R"({{"id":"{:08x}","n":{},"tags":["{}",{}]}})", i * 2654435761u, i,
                               std::string(static_cast<std::size_t>(i % 5000), 'x'), i));
  }
  EXPECT_EQ(File(rows, {"id"}).Bytes(), File(rows, {"id"}).Bytes());
}

TEST(SqliteRecordsTest, TheFileIsSoundAndNamesItsFormat) {
  SqliteFile file = File({R"({"id":"x","tags":[1,2]})"}, {"id"});
  EXPECT_EQ(file.Query("PRAGMA integrity_check"), "'ok'\n");
  EXPECT_EQ(file.Query("PRAGMA application_id"), "1936483173\n");
  EXPECT_EQ(file.Query("PRAGMA user_version"), "1\n");
}

TEST(SqliteRecordsTest, AFileThatCannotBeOpenedIsADiskError) {
  class Nowhere final : public TextSink {
    void Write(std::string_view) override {}
    void NextFile() override {}
    Result<std::filesystem::path> OwnFile() override { return folder_ / "no" / "file"; }
    TempDir folder_;
  } nowhere;
  const auto report = WriteRecords({TableOf({}, Sqlite())}, nowhere);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::kDisk);
}

}  // namespace
}  // namespace sluice
