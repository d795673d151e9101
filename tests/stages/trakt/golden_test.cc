// Whole files: tests/golden/trakt/<case>/ holds what the sections gave (input.json) and what must
// come of it (expected.csv, and expected.notes where there are any). UPDATE_GOLDEN=1 rewrites
// these.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SLUICE_SOURCE_DIR) / "tests/golden/trakt";

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class TraktGolden : public TraktTest, public testing::WithParamInterface<std::string> {};

TEST_P(TraktGolden, FileIsAsExpected) {
  if (!fs::exists("/usr/share/zoneinfo/UTC")) GTEST_SKIP() << "no tz database";
  const fs::path folder = kGolden / GetParam();
  const auto json = nlohmann::json::parse(ReadFile(folder / "input.json"));
  options.tags = json.value("tags", Strings{});
  options.reviews = json.value("reviews", false);
  if (json.value("history_mode", "") == "aggregated") {
    options.history_mode = TraktOptions::HistoryMode::kAggregated;
  }
  for (const auto& [section, items] : json.at("sections").items()) {
    Strings bodies;
    for (const auto& item : items) bodies.push_back(item.dump());
    Give(section, bodies);
  }
  const std::string csv =
      Render(DocumentId(json.at("file")), json.at("timezone"), json.value("since", std::string()));
  std::string noted;
  for (const Note& note : notes) noted += note.kind + ": " + note.text + "\n";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(folder / "expected.csv", std::ios::binary) << csv;
    if (!noted.empty()) std::ofstream(folder / "expected.notes", std::ios::binary) << noted;
  }
  EXPECT_EQ(csv, ReadFile(folder / "expected.csv"));
  const fs::path expected_notes = folder / "expected.notes";
  EXPECT_EQ(noted, fs::exists(expected_notes) ? ReadFile(expected_notes) : "");
}

INSTANTIATE_TEST_SUITE_P(Trakt, TraktGolden, testing::ValuesIn(Cases()),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace sluice::trakt
