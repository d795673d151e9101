// Bodies that Trakt has answered, one file each, named after the request: what stands in them must
// stand in the rows, and in the files. They lie beside the project and are no part of it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

namespace fs = std::filesystem;

const fs::path kRecorded = fs::path(SLUICE_SOURCE_DIR).parent_path() / "shared/fixtures/trakt";

struct Endpoint {
  const char* ending;   // of the file's path
  const char* section;  // that reads it
  DocumentId file;      // that shows it; empty: none alone
};

const Endpoint kEndpoints[] = {{"sync/history/movies.json", "history", kImportFile},
                               {"users/me/history/movies.json", "history", kImportFile},
                               {"sync/history.json", "history", {}},
                               {"users/me/history.json", "history", {}},
                               {"sync/history/shows.json", "episodes", {}},
                               {"sync/history/episodes.json", "episodes", {}},
                               {"sync/ratings/movies.json", "ratings", kRatingsFile},
                               {"users/me/ratings/movies.json", "ratings", kRatingsFile},
                               {"sync/ratings/episodes.json", "episode-ratings", {}},
                               {"sync/ratings/shows.json", "show-ratings", {}},
                               {"sync/watchlist/movies.json", "watchlist", kWatchlistFile},
                               {"sync/watchlist.json", "watchlist", {}},
                               {"users/me/watchlist.json", "watchlist", {}},
                               {"sync/collection/movies.json", "collection", kCollectionFile},
                               {"users/me/collection/movies.json", "collection", kCollectionFile},
                               {"items.json", "list:1", {}}};

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class TraktRecorded : public TraktTest {
 protected:
  void SetUp() override {
    if (!fs::is_directory(kRecorded)) GTEST_SKIP() << "no recordings beside the project";
  }
  // Calls `use` with each recording of that endpoint; how many there are.
  static int ForEach(const Endpoint& endpoint, const std::function<void(const fs::path&)>& use) {
    int count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(kRecorded)) {
      if (!entry.is_regular_file()) continue;
      if (!entry.path().generic_string().ends_with("/" + std::string(endpoint.ending))) continue;
      ++count;
      use(entry.path());
    }
    return count;
  }
};

TEST_F(TraktRecorded, EveryItemIsARow) {
  int bodies = 0;
  for (const Endpoint& endpoint : kEndpoints) {
    bodies += ForEach(endpoint, [&](const fs::path& path) {
      const std::string body = ReadFile(path);
      const auto json = RawJson::Parse(body);
      ASSERT_TRUE(json.has_value()) << path;
      if (!json->root().is_array()) return;
      const DocumentId id(endpoint.section);
      Reading reading = Read(FirstPage(*FindSection(id), id, ""), body);
      ASSERT_TRUE(reading.rows.has_value()) << path;
      ASSERT_EQ(reading.rows->rows.size(), json->root().size()) << path;
      const std::vector<Row> rows = RowsOf(reading.rows->rows);
      std::set<std::string> keys;
      std::size_t i = 0;
      for (auto item = json->root().first(); item; item = item->next(), ++i) {
        EXPECT_EQ(rows[i].body, item->json()) << path << ", item " << i;
        EXPECT_TRUE(keys.insert(rows[i].key).second) << path << ", item " << i;
      }
    });
  }
  EXPECT_GT(bodies, 8);
}

TEST_F(TraktRecorded, EveryItemIsALineOfItsFile) {
  int bodies = 0;
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.file.empty()) continue;
    bodies += ForEach(endpoint, [&](const fs::path& path) {
      inputs = FakeInputs();
      const auto json = RawJson::Parse(ReadFile(path));
      ASSERT_TRUE(json.has_value()) << path;
      Strings items;
      for (auto item = json->root().first(); item; item = item->next()) {
        items.push_back(item->json());
      }
      Give(endpoint.section, items);
      EXPECT_EQ(Lines(Render(endpoint.file)).size(), items.size()) << path;
    });
  }
  EXPECT_GT(bodies, 3);
}

TEST_F(TraktRecorded, EveryListIsASectionAndAFile) {
  options.include = {"lists"};
  const Request lists = ReadActivities(Activities()).requests.at(0);
  const int bodies = ForEach({"users/me/lists.json", "", {}}, [&](const fs::path& path) {
    const std::string body = ReadFile(path);
    const auto json = RawJson::Parse(body);
    ASSERT_TRUE(json.has_value()) << path;
    EXPECT_EQ(Read(lists, body).documents.size(), 2 * json->root().size()) << path;
  });
  EXPECT_GT(bodies, 0);
}

}  // namespace
}  // namespace sluice::trakt
