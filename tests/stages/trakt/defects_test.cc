// What an exporter of this kind is known to get wrong; each test is named after one such defect.
#include "stages/sources/trakt/csv_files.h"
#include "stages/sources/trakt/judge.h"
#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

using TraktDefect = TraktTest;

const FilmJson kCars{};
const FilmJson kNoImdb{
    .title = "\"One\"", .year = "2001", .trakt = "1", .imdb = "null", .tmdb = "11"};
const FilmJson kNoImdbToo{
    .title = "\"Two\"", .year = "2002", .trakt = "2", .imdb = "\"\"", .tmdb = "12"};

// 1
TEST_F(TraktDefect, ListsBesideTheHistoryArePagedToo) {
  for (const char* section : {"ratings", "watchlist", "collection", "episodes"}) {
    const Reading reading = Read(FirstPageOf(section), "[]", Paged(1, 100, 3, 285));
    EXPECT_EQ(reading.requests.size(), 2u) << section;
  }
}

// 2
TEST_F(TraktDefect, ShortPageIsNotTheLastOne) {
  const Reading reading =
      Read(FirstPageOf("history"), Array({Play("1", "2025-01-01T00:00:00.000Z")}),
           Paged(1, 250, 1200, 300'000));
  EXPECT_EQ(reading.requests.size(), 1199u);
}

// 3
TEST_F(TraktDefect, RefusalsThatPassAreTriedAgain) {
  const Request request = FirstPageOf("history");
  EXPECT_EQ(JudgeAnswer(request, {.status = 429}).code, Code::kRateLimited);
  for (const int status : {500, 502, 503, 504, 520, 521, 522}) {
    const Verdict verdict = JudgeAnswer(request, {.status = status, .body = "<html>oops</html>"});
    EXPECT_EQ(verdict.code, Code::kTransient) << status;
    EXPECT_NE(verdict.message.find(std::to_string(status)), std::string::npos);
  }
}

// 4
TEST_F(TraktDefect, CheckinsArePlays) {
  Give("history", {Play("1", "2025-01-01T12:00:00.000Z", kCars, "checkin"),
                   Play("2", "2025-01-02T12:00:00.000Z", kCars, "watch"),
                   Play("3", "2025-01-03T12:00:00.000Z", kCars, "scrobble")});
  EXPECT_EQ(Lines(RenderImportFile()).size(), 3u);
}

// 5
TEST_F(TraktDefect, WatchedDateIsTheLocalOne) {
  Give("history", {Play("1", "2025-07-11T04:30:00.000Z")});
  EXPECT_EQ(Lines(RenderImportFile("America/Los_Angeles")),
            Strings{"Cars,2006,tt0317219,920,2025-07-10,,false"});
  EXPECT_EQ(Lines(RenderImportFile("Asia/Kolkata")),
            Strings{"Cars,2006,tt0317219,920,2025-07-11,,false"});
}

// 6
TEST_F(TraktDefect, FilmsWithoutAnImdbIdAreNotOneFilm) {
  Give("history", {Play("1", "2025-01-01T12:00:00.000Z", kNoImdb),
                   Play("2", "2025-01-02T12:00:00.000Z", kNoImdbToo)});
  Give("ratings", {Rating(3, kNoImdb), Rating(9, kNoImdbToo)});
  EXPECT_EQ(Lines(RenderImportFile()),
            (Strings{"One,2001,,11,2025-01-01,3,false", "Two,2002,,12,2025-01-02,9,false"}));
}

// 7
TEST_F(TraktDefect, WhatIsNotKnownIsEmptyAndNotZero) {
  const FilmJson bare{
      .title = "null", .year = "null", .trakt = "9", .imdb = "null", .tmdb = "null"};
  const FilmJson zeroes{
      .title = "\"X\"", .year = "0", .trakt = "8", .imdb = "\"tt0\"", .tmdb = "0"};
  Give("history", {Play("1", "2025-01-01T12:00:00.000Z", bare),
                   Play("2", "2025-01-02T12:00:00.000Z", zeroes)});
  EXPECT_EQ(Lines(RenderImportFile()),
            (Strings{",,,,2025-01-01,,false", "X,,,,2025-01-02,,false"}));
}

// 8
TEST_F(TraktDefect, NotesOfTheWatchlistAreNoRating) {
  Give("watchlist", {Listed("\"with Ann, 9/10\""), Listed("null", kNoImdb)});
  EXPECT_EQ(Render(kWatchlistFile),
            "Title,Year,imdbID,tmdbID,Notes\r\n"
            "Cars,2006,tt0317219,920,\"with Ann, 9/10\"\r\n"
            "One,2001,,11,\r\n");
}

TEST_F(TraktDefect, WatchlistWithoutNotesHasTheColumnsThatLetterboxdNames) {
  Give("watchlist", {Listed("null")});
  EXPECT_EQ(Render(kWatchlistFile), "Title,Year,imdbID,tmdbID\r\nCars,2006,tt0317219,920\r\n");
}

// 9
TEST_F(TraktDefect, AggregatedRowIsTheFilmsFirstEntryAndSoNoRewatch) {
  options.history_mode = TraktOptions::HistoryMode::kAggregated;
  Give("history", {Play("1", "2024-12-01T12:00:00.000Z"), Play("2", "2025-07-10T12:00:00.000Z"),
                   Play("3", "2025-02-01T12:00:00.000Z", kNoImdb)});
  EXPECT_EQ(Lines(RenderImportFile()), (Strings{"One,2001,,11,2025-02-01,,false",
                                                "Cars,2006,tt0317219,920,2025-07-10,,false"}));
}

TEST_F(TraktDefect, EveryPlayButTheFirstIsARewatch) {
  Give("history", {Play("2", "2025-07-10T12:00:00.000Z"), Play("1", "2024-12-01T12:00:00.000Z")});
  Give("ratings", {Rating(7)});
  EXPECT_EQ(RenderImportFile(),
            "Title,Year,imdbID,tmdbID,WatchedDate,Rating10,Rewatch\r\n"
            "Cars,2006,tt0317219,920,2024-12-01,7,false\r\n"
            "Cars,2006,tt0317219,920,2025-07-10,7,true\r\n");
}

// 10
TEST_F(TraktDefect, FilesStayBelowAMegabyteAndEachHasTheHeader) {
  constexpr int kPlays = 20'000;
  Strings plays;
  for (int i = 1; i <= kPlays; ++i) {
    plays.push_back(Play(std::to_string(i), "2025-01-01T12:00:00.000Z",
                         {.title = "\"Title of a film number " + std::to_string(i) + " äöü\"",
                          .trakt = std::to_string(i)}));
  }
  Give("history", plays);
  Strings files;
  const std::string last = RenderImportFile();
  files = parts;
  files.push_back(last);
  ASSERT_GT(files.size(), 1u);
  std::size_t rows = 0;
  for (const std::string& file : files) {
    EXPECT_LT(file.size(), 1'000'000u);
    EXPECT_TRUE(file.starts_with("Title,Year,imdbID,tmdbID,WatchedDate,Rating10,Rewatch\r\n"));
    EXPECT_TRUE(file.ends_with("\r\n"));
    rows += Lines(file).size();
  }
  EXPECT_EQ(rows, static_cast<std::size_t>(kPlays));
}

// 11
TEST_F(TraktDefect, RatingIsTheFilmsCurrentOneAndEmptyWithoutOne) {
  Give("history",
       {Play("1", "2024-12-01T12:00:00.000Z"), Play("2", "2025-01-01T12:00:00.000Z", kNoImdb)});
  Give("ratings", {Rating(10)});
  EXPECT_EQ(Lines(RenderImportFile()), (Strings{"Cars,2006,tt0317219,920,2024-12-01,10,false",
                                                "One,2001,,11,2025-01-01,,false"}));
}

}  // namespace
}  // namespace sluice::trakt
