// Fixture verbs for the Trakt source.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stages/sources/trakt/files.h"
#include "stages/sources/trakt/reading.h"
#include "stages/sources/trakt/trakt_source.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_inputs.h"
#include "tests/support/rows.h"

namespace sluice::trakt {

struct FilmJson {
  std::string title = "\"Cars\"";
  std::string year = "2006";
  std::string trakt = "601";
  std::string imdb = "\"tt0317219\"";
  std::string tmdb = "920";
};

inline std::string Ids(const FilmJson& film) {
  return R"({"trakt":)" + film.trakt + R"(,"slug":"x","imdb":)" + film.imdb + R"(,"tmdb":)" +
         film.tmdb + "}";
}
inline std::string Thing(const FilmJson& film) {
  return R"({"title":)" + film.title + R"(,"year":)" + film.year + R"(,"ids":)" + Ids(film) + "}";
}
inline std::string Play(const std::string& id, const std::string& watched_at,
                        const FilmJson& film = {}, const std::string& action = "scrobble") {
  return R"({"id":)" + id + R"(,"watched_at":")" + watched_at + R"(","action":")" + action +
         R"(","type":"movie","movie":)" + Thing(film) + "}";
}
inline std::string Rating(int rating, const FilmJson& film = {},
                          const std::string& rated_at = "2025-01-01T20:00:00.000Z") {
  return R"({"rated_at":")" + rated_at + R"(","rating":)" + std::to_string(rating) +
         R"(,"type":"movie","movie":)" + Thing(film) + "}";
}
inline std::string Listed(const std::string& notes, const FilmJson& film = {}) {
  return R"({"rank":1,"id":990,"listed_at":"2025-01-01T20:00:00.000Z","notes":)" + notes +
         R"(,"type":"movie","movie":)" + Thing(film) + "}";
}
inline std::string EpisodePlay(const std::string& id, const std::string& watched_at, int season,
                               int number) {
  return R"({"id":)" + id + R"(,"watched_at":")" + watched_at +
         R"(","action":"watch","type":"episode","episode":{"season":)" + std::to_string(season) +
         R"(,"number":)" + std::to_string(number) + R"(,"title":"Part )" + std::to_string(number) +
         R"(","ids":{"trakt":)" + std::to_string(1000 + season * 100 + number) +
         R"(,"imdb":null,"tmdb":5}},"show":{"title":"Chuck","year":2007,"ids":{"trakt":1395,)"
         R"("imdb":"tt0934814","tmdb":1404}}})";
}

// The headers of a page, as recorded.
inline std::vector<HttpHeader> Paged(int page, int limit, int pages, int items) {
  return {{"x-pagination-page", std::to_string(page)},
          {"x-pagination-limit", std::to_string(limit)},
          {"x-pagination-page-count", std::to_string(pages)},
          {"x-pagination-item-count", std::to_string(items)}};
}

class TraktTest : public testing::Test {
 protected:
  static constexpr WallMs kNow = FakeClock::kStartMs;
  TraktOptions options{.client_id = "client", .base_url = "https://api.trakt.tv"};

  static std::string Array(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) text += (text.size() > 1 ? "," : "") + item;
    return text + "]";
  }
  static std::string Settings(const std::string& timezone) {
    return R"({"user":{"username":"sean","ids":{"slug":"sean","uuid":"b6589fc6"}},)"
           R"("account":{"timezone":)" +
           timezone + R"(},"limits":{}})";
  }
  static std::string Activities(const std::string& watched_at = "2025-09-30T00:00:00.000Z") {
    return R"({"all":"2025-12-01T00:00:00.000Z","movies":{"watched_at":")" + watched_at +
           R"(","rated_at":"2025-09-28T00:00:00.000Z","collected_at":"2025-09-27T00:00:00.000Z",)"
           R"("watchlisted_at":"2025-09-26T00:00:00.000Z","commented_at":"2025-09-25T00:00:00.000Z"},)"
           R"("episodes":{"watched_at":"2025-09-24T00:00:00.000Z","rated_at":"2025-09-23T00:00:00.000Z"},)"
           R"("shows":{"rated_at":"2025-09-22T00:00:00.000Z"},)"
           R"("watchlist":{"updated_at":"2025-09-26T00:00:00.000Z"}})";
  }

  Result<Reading> TryRead(const Request& request, const std::string& body,
                          const std::vector<HttpHeader>& headers = {}) const {
    return ReadAnswer(request, {.status = 200, .body = body, .headers = headers}, options, kNow);
  }
  Reading Read(const Request& request, const std::string& body,
               const std::vector<HttpHeader>& headers = {}) const {
    auto reading = TryRead(request, body, headers);
    EXPECT_TRUE(reading.has_value()) << reading.error().message;
    return reading ? *std::move(reading) : Reading{};
  }

  Reading ReadSettings(const std::string& timezone = "\"America/Los_Angeles\"") const {
    return Read(OpenTrakt({.generation = 1, .now_ms = kNow}, options).requests.at(0),
                Settings(timezone));
  }
  Reading ReadActivities(const std::string& body) const {
    return Read(ReadSettings().requests.at(0), body);
  }
  static const DocumentUpdate* Find(const Reading& reading, const std::string& id) {
    for (const DocumentUpdate& document : reading.documents) {
      if (document.id.value == id) return &document;
    }
    return nullptr;
  }
  // What asks for a section's first page.
  Request FirstPageOf(const std::string& section) const {
    const Reading reading = ReadActivities(Activities());
    const DocumentUpdate* document = Find(reading, section);
    EXPECT_NE(document, nullptr) << section;
    return document == nullptr ? Request{} : document->content.at(0);
  }
  static std::vector<std::string> Targets(const Reading& reading) {
    std::vector<std::string> targets;
    for (const Request& request : reading.requests) targets.push_back(request.target);
    return targets;
  }

  // A section that gave these items on one page.
  void Give(const std::string& section, const std::vector<std::string>& items) {
    const DocumentId id(section);
    const Request request = FirstPage(*FindSection(id), id, "");
    Reading reading = Read(request, Array(items));
    for (const Row& row : RowsOf(reading.rows.value().rows)) inputs.AddRow(id, row);
  }
  // The text of a file, made from what was given; further parts go to `parts`.
  std::string Render(const DocumentId& file, const std::string& timezone = "UTC",
                     const std::string& since = "") {
    const DocumentRow row{.id = file, .kind = "file", .path = "x.csv", .extension = ".csv"};
    inputs.AddDocument(row, EncodeFacts({.timezone = timezone, .since = since}));
    StringSink out;
    const TraktSource source(options, nullptr);
    auto rendering = source.Render(row, inputs, out);
    EXPECT_TRUE(rendering.has_value()) << rendering.error().message;
    notes = rendering ? rendering->notes : std::vector<Note>{};
    parts = out.files;
    return out.text;
  }
  std::string RenderImportFile(const std::string& timezone = "UTC", const std::string& since = "") {
    return Render(kImportFile, timezone, since);
  }
  // The lines of a CSV without its header.
  static std::vector<std::string> Lines(const std::string& csv) {
    std::vector<std::string> lines;
    for (std::size_t begin = csv.find("\r\n") + 2; begin < csv.size();) {
      const std::size_t end = csv.find("\r\n", begin);
      lines.push_back(csv.substr(begin, end - begin));
      begin = end + 2;
    }
    return lines;
  }
  bool HasNote(const std::string& kind, const std::string& text) const {
    for (const Note& note : notes) {
      if (note.kind == kind && note.text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  FakeInputs inputs;
  std::vector<Note> notes;
  std::vector<std::string> parts;
};

using Strings = std::vector<std::string>;

}  // namespace sluice::trakt
