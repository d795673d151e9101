// Random records: what was written is read back by something else, and is the same.
#include <nlohmann/json.hpp>
#include <random>

#include "stages/json/raw_json.h"
#include "tests/stages/sinks/record_fixture.h"
#include "tests/support/run_process.h"

namespace sluice {
namespace {

const std::vector<std::string> kNumbers = {"0",
                                           "-0",
                                           "7",
                                           "-42",
                                           "9007199254740993",
                                           "9223372036854775807",
                                           "0.1",
                                           "0.10",
                                           "-1.50e+3",
                                           "1e22",
                                           "18446744073709551616",
                                           "1234567890123456789012345",
                                           "1e300",
                                           "1E-400",
                                           "0.1234567890123456789"};

// Pieces of strings: as they are, and as JSON may have them.
const std::vector<std::pair<std::string, std::string>> kPieces = {{"a", "a"},
                                                                  {"\"", "\\\""},
                                                                  {"\\", "\\\\"},
                                                                  {"\n", "\\n"},
                                                                  {"\r", "\\r"},
                                                                  {"\t", "\\u0009"},
                                                                  {",", ","},
                                                                  {"=1+1", "=1+1"},
                                                                  {std::string(1, '\0'), "\\u0000"},
                                                                  {"\x1b", "\\u001b"},
                                                                  {"\x7f", "\x7f"},
                                                                  {"\xEF\xBB\xBF", "\\ufeff"},
                                                                  {"/", "\\/"},
                                                                  {"\u2028", "\\u2028"},
                                                                  {"\u2029", "\u2029"},
                                                                  {" ", " "},
                                                                  {"\u00e9", "\\u00e9"},
                                                                  {"\U0001F600", "\\ud83d\\ude00"},
                                                                  {"'", "'"},
                                                                  {"_", "_"},
                                                                  {";", ";"}};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t bound) { return random_() % bound; }

  // A value as an API might send it: blanks between tokens, and escapes of its own choice.
  std::string Value(int depth) {
    switch (Below(depth > 0 ? 7 : 5)) {
      case 0:
        return "null";
      case 1:
        return Below(2) == 0 ? "true" : "false";
      case 2:
      case 3:
        return kNumbers[Below(kNumbers.size())];
      case 4:
        return Text().second;
      case 5: {
        std::string list = "[";
        for (std::size_t i = Below(4); i > 0; --i) list += Value(depth - 1) + (i > 1 ? " , " : "");
        return list + "]";
      }
      default:
        return Object(depth - 1);
    }
  }

  std::string Object(int depth) {
    std::string object = "{ ";
    const std::size_t size = Below(5);
    for (std::size_t i = 0; i < size; ++i) {
      const std::string key = "k" + std::to_string(i) + Text().second.substr(1);
      object += (i > 0 ? ",\n" : "") + ("\"" + key) + " : " + Value(depth);
    }
    return object + "}";
  }

  // A string and one of its JSON forms.
  std::pair<std::string, std::string> Text() {
    std::pair<std::string, std::string> text = {"", "\""};
    for (std::size_t i = Below(4); i > 0; --i) {
      const auto& [plain, escaped] = kPieces[Below(kPieces.size())];
      text.first += plain;
      text.second += escaped;
    }
    text.second += '"';
    return text;
  }

 private:
  std::mt19937 random_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// The numbers of a JSON text as they are written, in order.
void CollectNumbers(const JsonValue& value, std::string& numbers) {
  if (value.type() == JsonValue::Type::kNumber) numbers += std::string(value.text()) + " ";
  for (auto child = value.first(); child; child = child->next()) CollectNumbers(*child, numbers);
}

std::string NumbersOf(const std::string& json) {
  std::string numbers;
  const auto parsed = RawJson::Parse(json);
  EXPECT_TRUE(parsed) << json;
  if (parsed) CollectNumbers(parsed->root(), numbers);
  return numbers;
}

TEST(RecordPropertyTest, JsonlParsesBackToTheSame) {
  Generator random(1);
  std::vector<std::string> rows;
  for (int i = 0; i < 2000; ++i) rows.push_back(random.Object(5));
  const std::vector<std::string> lines = Lines(TextOf(rows, {}));
  ASSERT_EQ(lines.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(nlohmann::json::parse(lines[i]), nlohmann::json::parse(rows[i])) << rows[i];
    ASSERT_EQ(NumbersOf(lines[i]), NumbersOf(rows[i]));
  }
}

TEST(RecordPropertyTest, FlattenedJsonlLosesNoNumber) {
  Generator random(2);
  for (int i = 0; i < 2000; ++i) {
    const std::string row = random.Object(5);
    const std::string line = Lines(TextOf({row}, {.flatten = true})).front();
    ASSERT_TRUE(nlohmann::json::accept(line)) << line;
    ASSERT_EQ(NumbersOf(line), NumbersOf(row)) << line;
  }
}

// Hostile cells, and the records that hold them.
struct Sheet {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> cells;
  std::vector<std::string> rows;
};

Sheet HostileSheet(unsigned seed) {
  Generator random(seed);
  Sheet sheet;
  std::vector<std::string> keys;
  for (int column = 0; column < 5; ++column) {
    const auto [plain, json] = random.Text();
    sheet.header.push_back(plain + std::to_string(column));
    keys.push_back(json.substr(0, json.size() - 1) + std::to_string(column) + "\"");
  }
  for (int row = 0; row < 200; ++row) {
    sheet.cells.emplace_back();
    std::string record = "{";
    for (const std::string& key : keys) {
      const auto [plain, json] = random.Text();
      sheet.cells.back().push_back(plain);
      record += (record.size() > 1 ? "," : "") + key + ":" + json;
    }
    sheet.rows.push_back(record + "}");
  }
  return sheet;
}

// RFC 4180: what is not in quotes ends at a comma or CRLF.
std::vector<std::vector<std::string>> ReadCsv(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      rows.back().emplace_back();
    } else if (!quoted && text.compare(i, 2, "\r\n") == 0) {
      ++i;
      rows.push_back({""});
    } else {
      rows.back().back() += text[i];
    }
  }
  rows.pop_back();
  return rows;
}

TEST(RecordPropertyTest, HostileCellsSurviveCsv) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Sheet sheet = HostileSheet(seed);
    const auto rows = ReadCsv(TextOf(sheet.rows, {.format = Format::kCsv}));
    sheet.cells.insert(sheet.cells.begin(), sheet.header);
    ASSERT_EQ(rows, sheet.cells);
  }
}

TEST(RecordPropertyTest, PythonReadsHostileCellsAsTheyAre) {
  if (RunProcess({.args = {"python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"}})
          .exit_code != 0) {
    GTEST_SKIP() << "needs Python 3.11: older csv modules take no NUL";
  }
  const TempDir folder;
  Sheet sheet = HostileSheet(7);
  WriteFile(folder / "out.csv", TextOf(sheet.rows, {.format = Format::kCsv}));
  sheet.cells.insert(sheet.cells.begin(), sheet.header);
  WriteFile(folder / "expected.json", nlohmann::json(sheet.cells).dump());
  const char* script = R"(
import csv, json, sys
rows = list(csv.reader(open('out.csv', newline='', encoding='utf-8')))
sys.exit(rows != json.load(open('expected.json', encoding='utf-8')))
)";
  const auto compared =
      RunProcess({.args = {"python3", "-c", script}, .working_folder = folder.path().string()});
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
}

// As Query() shows what was stored: a number by its value, everything else by its text.
std::string Stored(const std::string& type, const JsonValue& value) {
  if (value.is_null()) return "NULL";
  const std::string text(value.text());
  if (type == "TEXT") return "'" + text + "'";
  if (value.type() == JsonValue::Type::kBool) return text == "true" ? "1" : "0";
  const bool decimal = text.find_first_of(".eE") != text.npos;
  if (!decimal) return std::to_string(std::stoll(text));
  const std::string shown = fmt::format("{}", std::stod(text));
  return shown.find_first_of(".e") == shown.npos ? shown + ".0" : shown;
}

TEST(RecordPropertyTest, SqliteReadsBackExactly) {
  Generator random(3);
  for (int round = 0; round < 50; ++round) {
    // Few values a column, so that every type comes up.
    std::vector<std::string> values;
    for (int i = 0; i < 3; ++i) values.push_back(random.Value(0));
    std::vector<std::string> rows;
    for (int i = 0; i < 10; ++i) rows.push_back("{\"v\":" + values[random.Below(3)] + "}");
    SqliteFile file({TableOf(rows, {.format = Format::kSqlite})});
    std::string type = file.Query("SELECT type FROM pragma_table_info('things')");
    type = type.substr(1, type.size() - 3);
    std::string expected;
    for (const std::string& row : rows) {
      const auto json = RawJson::Parse(row);
      std::string stored = Stored(type, *json->root()["v"]);
      // A whole number is an integer in a NUMERIC column.
      if (type == "NUMERIC" && stored.ends_with(".0")) stored.resize(stored.size() - 2);
      expected += stored + "\n";
    }
    ASSERT_EQ(file.Query("SELECT v FROM things"), expected) << type;
  }
}

TEST(RecordPropertyTest, AnyRecordGoesIntoAnyFormat) {
  Generator random(4);
  std::vector<std::string> rows;
  for (int i = 0; i < 300; ++i) rows.push_back(random.Value(4));
  for (const Format format : {Format::kJsonl, Format::kCsv}) {
    const std::string text = TextOf(rows, {.format = format, .flatten = true});
    EXPECT_EQ(text, TextOf(rows, {.format = format, .flatten = true}));
    EXPECT_NE(text, "");
  }
  for (const int nesting : {0, 1, 5}) {
    const RecordTable table =
        TableOf(rows, {.format = Format::kSqlite, .max_table_nesting = nesting});
    SqliteFile file({table});
    EXPECT_EQ(file.Query("SELECT count(*) FROM things"), "300\n");
    EXPECT_EQ(file.Query("PRAGMA integrity_check"), "'ok'\n");
    EXPECT_EQ(file.Bytes(), SqliteFile({table}).Bytes());
  }
}

}  // namespace
}  // namespace sluice
