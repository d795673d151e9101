// Whole outputs: tests/golden/notion/<case>/ holds what is stored (input.json) and what must come
// of it (expected.md or expected.csv). UPDATE_GOLDEN=1 rewrites the latter.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "stages/sources/notion/database.h"
#include "stages/sources/notion/page.h"
#include "stages/sources/notion/requests.h"
#include "tests/support/fake_inputs.h"

namespace sluice::notion {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/notion";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// {"document": id, "documents": [row + object], "children"|"comments": {block id: answer},
//  "properties": {"page/property": answer}}; an answer with "status" is a refusal, one with
// "cursor" belongs to that cursor.
class Story {
 public:
  explicit Story(const nlohmann::json& json) : document_(json.at("document")) {
    for (const auto& row : json.at("documents")) AddDocument(row);
    const auto answers = json.value("answers", nlohmann::json::array());
    for (const auto& answer : answers) AddAnswer(answer);
  }

  Result<Rendering> Render(TextSink& out) {
    const auto row = inputs_.Find(document_);
    if (row->kind == "page") return RenderPage(*row, inputs_, {.comments = comments_}, out);
    return RenderDatabaseCsv(*row, inputs_, out);
  }

 private:
  void AddDocument(const nlohmann::json& row) {
    const std::string object = row.contains("object") ? row["object"].dump() : "";
    inputs_.AddDocument({.id = DocumentId(row.at("id")),
                         .kind = row.value("kind", "page"),
                         .parent = DocumentId(row.value("parent", "")),
                         .title = row.value("title", ""),
                         .path = row.value("path", ""),
                         .known = !object.empty()},
                        object);
  }
  void AddAnswer(const nlohmann::json& answer) {
    const std::string cursor = answer.value("cursor", "");
    Request request;
    if (answer.contains("children")) {
      request = ChildrenRequest(document_, {}, std::string(answer["children"]), cursor, 1);
    } else if (answer.contains("comments")) {
      request = CommentsRequest(document_, {}, std::string(answer["comments"]), cursor);
      comments_ = true;
    } else {
      request = PropertyRequest(DocumentId(answer.at("page")), {},
                                std::string(answer.at("property")), cursor);
    }
    inputs_.AddResponse(request, answer.value("body", nlohmann::json::object()).dump(),
                        answer.value("status", 200));
  }

  FakeInputs inputs_;
  DocumentId document_;
  bool comments_ = false;
};

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, OutputIsAsExpected) {
  const fs::path folder = kGolden / GetParam();
  const auto json = nlohmann::json::parse(ReadFile(folder / "input.json"));
  StringSink out;
  const auto rendering = Story(json).Render(out);
  ASSERT_TRUE(rendering.has_value()) << rendering.error().message;
  std::string notes;
  for (const Note& note : rendering->notes) notes += note.kind + ": " + note.text + "\n";
  for (const Request& request : rendering->missing)
    notes += "missing: " + RequestText(request) + "\n";
  const bool csv = json.value("format", "md") == "csv";
  const fs::path expected = folder / (csv ? "expected.csv" : "expected.md");
  const fs::path expected_notes = folder / "expected.notes";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(expected, std::ios::binary) << out.text;
    if (!notes.empty()) std::ofstream(expected_notes, std::ios::binary) << notes;
  }
  EXPECT_EQ(out.text, ReadFile(expected));
  EXPECT_EQ(notes, fs::exists(expected_notes) ? ReadFile(expected_notes) : "");
}

INSTANTIATE_TEST_SUITE_P(Notion, GoldenTest, testing::ValuesIn(Cases()),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace sluice::notion
