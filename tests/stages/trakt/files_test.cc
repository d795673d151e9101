#include "stages/sources/trakt/csv_files.h"
#include "stages/sources/trakt/ratings_index.h"
#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

using TraktFiles = TraktTest;

const FilmJson kOther{
    .title = "\"Heat\"", .year = "1995", .trakt = "2", .imdb = "\"tt0113277\"", .tmdb = "949"};

TEST_F(TraktFiles, UnknownDateIsEmptyAndCountsAsTheFirstPlay) {
  Give("history", {Play("5", "1970-01-01T00:00:00.000Z"), Play("1", "2024-12-01T12:00:00.000Z")});
  EXPECT_EQ(Lines(RenderImportFile("America/Los_Angeles")),
            (Strings{"Cars,2006,tt0317219,920,,,", "Cars,2006,tt0317219,920,2024-12-01,,true"}));
  EXPECT_TRUE(HasNote("unknown date", "1 plays have no date"));
}

TEST_F(TraktFiles, HostileTitlesStandAsTheyAre) {
  const std::pair<std::string, std::string> titles[] = {
      {R"("\"Wuthering Heights\"")", "\"\"\"Wuthering Heights\"\"\""},
      {R"("Alien³")", "Alien³"},
      {R"("Good Times, Bad Times")", "\"Good Times, Bad Times\""},
      {R"("=")", "="},
      {R"("+1")", "+1"},
      {R"("@Suicide Room")", "@Suicide Room"},
      {R"("-30-")", "-30-"},
      {R"(" Leading and trailing ")", "\" Leading and trailing \""},
      {R"("Two\nLines")", "\"Two\nLines\""},
      {R"("千と千尋の神隠し")", "千と千尋の神隠し"},
      {R"("WALL\u00b7E \ud83e\udd16")", "WALL·E 🤖"},
      {R"("ואלס עם באשיר")", "ואלס עם באשיר"}};
  for (const auto& [json, cell] : titles) {
    inputs = FakeInputs();
    Give("history", {Play("1", "2024-12-01T12:00:00.000Z", {.title = json})});
    EXPECT_EQ(Lines(RenderImportFile()), Strings{cell + ",2006,tt0317219,920,2024-12-01,,false"});
  }
}

TEST_F(TraktFiles, RatingIsFoundByTheFirstIdThatBothHave) {
  const FilmJson by_imdb{.trakt = "77", .tmdb = "null"};  // Trakt merged it into another entry
  Give("history", {Play("1", "2024-12-01T12:00:00.000Z", by_imdb)});
  Give("ratings", {Rating(8)});
  EXPECT_EQ(Lines(RenderImportFile()), Strings{"Cars,2006,tt0317219,,2024-12-01,8,false"});
}

TEST_F(TraktFiles, TitleAndYearJoinOnlyFilmsWithoutAnyId) {
  RatingsIndex index;
  index.Add({.title = "Heat", .year = "1995"}, "6");
  index.Sort();
  EXPECT_EQ(index.Find({.title = "Heat", .year = "1995"}), "6");
  EXPECT_EQ(index.Find({.title = "Heat", .year = "1986"}), "");
  EXPECT_EQ(index.Find({.title = "Heat", .year = "1995", .tmdb = "949"}), "");
}

TEST_F(TraktFiles, RatingsBeyondOneToTenAreEmpty) {
  Give("ratings", {Rating(0), Rating(11, kOther, "2025-01-02T20:00:00.000Z")});
  EXPECT_EQ(Lines(Render(kRatingsFile)), (Strings{"Cars,2006,tt0317219,920,,2025-01-01",
                                                  "Heat,1995,tt0113277,949,,2025-01-02"}));
}

TEST_F(TraktFiles, NewOnlyKnowsTheWholeHistory) {
  options.rows = TraktOptions::Rows::kNewOnly;
  Give("history", {Play("100", "2025-06-01T12:00:00.000Z"), Play("101", "2025-07-01T12:00:00.000Z"),
                   Play("102", "2019-01-01T12:00:00.000Z", kOther)});
  EXPECT_EQ(Lines(RenderImportFile("UTC", "100")),
            (Strings{"Heat,1995,tt0113277,949,2019-01-01,,false",
                     "Cars,2006,tt0317219,920,2025-07-01,,true"}));
}

TEST_F(TraktFiles, NewOnlyWithoutNewPlaysIsTheHeaderAlone) {
  Give("history", {Play("100", "2025-06-01T12:00:00.000Z")});
  EXPECT_TRUE(Lines(RenderImportFile("UTC", "100")).empty());
}

TEST_F(TraktFiles, TwoPlaysOnOneDayAreNoted) {
  Give("history", {Play("1", "2025-06-01T12:00:00.000Z"), Play("2", "2025-06-01T15:00:00.000Z")});
  EXPECT_EQ(Lines(RenderImportFile()).size(), 2u);
  EXPECT_TRUE(HasNote("same day", "1 plays"));
}

TEST_F(TraktFiles, FilmsWithoutAnyIdAreNotedOnce) {
  const FilmJson bare{
      .title = "\"Home Video\"", .year = "2011", .trakt = "9", .imdb = "null", .tmdb = "null"};
  Give("history",
       {Play("1", "2025-06-01T12:00:00.000Z", bare), Play("2", "2025-07-01T12:00:00.000Z", bare)});
  RenderImportFile();
  EXPECT_TRUE(HasNote("no id", "Home Video (2011)"));
  EXPECT_EQ(notes.size(), 1u);
}

TEST_F(TraktFiles, TagsAreOfDatedRows) {
  options.tags = {"trakt", "home"};
  Give("history", {Play("1", "1970-01-01T00:00:00.000Z"), Play("2", "2025-06-01T12:00:00.000Z")});
  EXPECT_EQ(RenderImportFile(),
            "Title,Year,imdbID,tmdbID,WatchedDate,Rating10,Rewatch,Tags\r\n"
            "Cars,2006,tt0317219,920,,,,\r\n"
            "Cars,2006,tt0317219,920,2025-06-01,,true,\"trakt, home\"\r\n");
}

std::string Comment(const std::string& text, const std::string& created_at, const FilmJson& film) {
  return R"({"type":"movie","movie":)" + Thing(film) + R"(,"comment":{"id":)" +
         std::to_string(text.size()) + R"(,"comment":")" + text + R"(","created_at":")" +
         created_at + "\"}}";
}

TEST_F(TraktFiles, ReviewGoesToThePlayThatItFollowsAsHtml) {
  options.reviews = true;
  Give("history", {Play("1", "2025-06-01T12:00:00.000Z"), Play("2", "2025-07-01T12:00:00.000Z"),
                   Play("3", "2025-08-01T12:00:00.000Z")});
  Give("comments", {Comment("a <b> & c\\r\\nd", "2025-07-02T00:00:00.000Z", {}),
                    Comment("never seen", "2025-07-02T00:00:00.000Z", kOther)});
  EXPECT_EQ(Lines(RenderImportFile()),
            (Strings{"Cars,2006,tt0317219,920,2025-06-01,,false,",
                     "Cars,2006,tt0317219,920,2025-07-01,,true,a &lt;b&gt; &amp; c<br>d",
                     "Cars,2006,tt0317219,920,2025-08-01,,true,"}));
  EXPECT_TRUE(HasNote("review", "Heat"));
}

TEST_F(TraktFiles, ReviewThatCameBeforeAnyPlayGoesToTheFirst) {
  options.reviews = true;
  Give("history", {Play("1", "2025-06-01T12:00:00.000Z"), Play("2", "2025-07-01T12:00:00.000Z")});
  Give("comments", {Comment("x", "2020-01-01T00:00:00.000Z", {})});
  EXPECT_EQ(Lines(RenderImportFile()).at(0), "Cars,2006,tt0317219,920,2025-06-01,,false,x");
}

TEST_F(TraktFiles, CollectionHasLocalDates) {
  Give("collection", {R"({"collected_at":"2025-07-11T04:30:00.000Z","movie":)" + Thing({}) + "}"});
  EXPECT_EQ(Render(kCollectionFile, "America/Los_Angeles"),
            "Title,Year,CollectedDate,imdbID,tmdbID\r\n"
            "Cars,2006,2025-07-10,tt0317219,920\r\n");
}

TEST_F(TraktFiles, ListHasItsNotesWhereLetterboxdLooksForThem) {
  Give("list:5", {Listed("\"a <b>\""), Listed("null", kOther)});
  EXPECT_EQ(Render(ListFile(ListDocument("5"))),
            "Title,Year,imdbID,tmdbID,Review\r\n"
            "Cars,2006,tt0317219,920,a &lt;b&gt;\r\n"
            "Heat,1995,tt0113277,949,\r\n");
}

TEST_F(TraktFiles, ShowsHaveOneRowAnEpisodeWithItsLastDate) {
  Give("episodes", {EpisodePlay("1", "2025-01-03T12:00:00.000Z", 1, 2),
                    EpisodePlay("2", "2025-03-01T12:00:00.000Z", 1, 1),
                    EpisodePlay("3", "2025-01-02T12:00:00.000Z", 1, 1)});
  const std::string rated =
      R"({"rated_at":"2025-01-01T00:00:00.000Z","rating":9,"episode":{"season":0,"number":7,)"
      R"("title":"Special","ids":{"trakt":1007}},"show":{"title":"Chuck","year":2007,"ids":)"
      R"({"trakt":1395,"imdb":"tt0934814","tmdb":1404}}})";
  const std::string rated_too =
      R"({"rated_at":"2025-01-01T00:00:00.000Z","rating":4,"episode":{"season":1,"number":1,)"
      R"("title":"Part 1","ids":{"trakt":1101}},"show":{"title":"Chuck","year":2007,"ids":{}}})";
  Give("episode-ratings", {rated, rated_too});
  Give("show-ratings", {R"({"rating":10,"show":{"title":"Chuck","year":2007,"ids":{"trakt":1395,)"
                        R"("imdb":"tt0934814","tmdb":1404}}})"});
  EXPECT_EQ(Render(kShowsFile),
            "Title,Year,Season,Episode,EpisodeTitle,LastWatched,Rating10,imdbID,tmdbID\r\n"
            "Chuck,2007,1,1,Part 1,2025-03-01,4,tt0934814,1404\r\n"
            "Chuck,2007,1,2,Part 2,2025-01-03,,tt0934814,1404\r\n"
            "Chuck,2007,0,7,Special,,9,tt0934814,1404\r\n"
            "Chuck,2007,,,,,10,tt0934814,1404\r\n");
}

TEST_F(TraktFiles, RowThatIsLargerThanAFileStandsAlone) {
  StringSink out;
  PartedCsv csv(out, {"Review"});
  csv.Row({"small"});
  csv.Row({std::string(PartedCsv::kBytesMax + 5, 'x')});
  csv.Row({"small"});
  ASSERT_EQ(out.files.size(), 2u);
  EXPECT_EQ(out.files[0], "Review\r\nsmall\r\n");
  EXPECT_EQ(out.text, "Review\r\nsmall\r\n");
}

TEST_F(TraktFiles, SameRowsGiveTheSameBytesInWhateverOrderTheyCame) {
  const Strings plays{Play("1", "2025-06-01T12:00:00.000Z"),
                      Play("2", "2025-06-01T12:00:00.000Z", kOther),
                      Play("3", "1970-01-01T00:00:00.000Z", kOther)};
  Give("history", plays);
  const std::string forward = RenderImportFile();
  inputs = FakeInputs();
  Give("history", {plays.rbegin(), plays.rend()});
  EXPECT_EQ(RenderImportFile(), forward);
}

}  // namespace
}  // namespace sluice::trakt
