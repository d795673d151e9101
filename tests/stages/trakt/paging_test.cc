// How lists are walked: section by section the same rules.
#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

class TraktPaging : public TraktTest {
 protected:
  // Page `number` of the history, as the first page's answer asked for it.
  Request Further(int number, int limit = 250, int pages = 3, int items = 700) const {
    const Request first = FirstPageOf("history");
    const Reading reading =
        Read(first, Array({Play("9", "2025-01-02T00:00:00.000Z")}), Paged(1, limit, pages, items));
    return reading.requests.at(static_cast<std::size_t>(number) - 2);
  }
  // Plays with ids from `first` on.
  static std::string Plays(int count, int first = 1) {
    std::vector<std::string> plays;
    for (int i = 0; i < count; ++i) plays.push_back(APlay(std::to_string(first + i)));
    return Array(plays);
  }
  static std::string APlay(const std::string& id) { return Play(id, "2025-01-01T00:00:00.000Z"); }
};

TEST_F(TraktPaging, FirstPageRevealsAllOthersAtOnce) {
  const Request first = FirstPageOf("history");
  EXPECT_EQ(first.target, "/sync/history/movies?page=1&limit=250&end_at=2026-01-01T00:00:00.000Z");
  const Reading reading = Read(first, Array({APlay("1")}), Paged(1, 250, 3, 700));
  EXPECT_EQ(Targets(reading),
            (Strings{"/sync/history/movies?page=2&limit=250&end_at=2026-01-01T00:00:00.000Z",
                     "/sync/history/movies?page=3&limit=250&end_at=2026-01-01T00:00:00.000Z"}));
  for (const Request& request : reading.requests) EXPECT_TRUE(request.next_page);
}

TEST_F(TraktPaging, LimitThatWasCutIsWhatTheOthersAskFor) {
  const Reading reading = Read(FirstPageOf("ratings"), Array({Rating(8)}), Paged(1, 100, 4, 400));
  EXPECT_EQ(Targets(reading), (Strings{"/sync/ratings/movies?page=2&limit=100",
                                       "/sync/ratings/movies?page=3&limit=100",
                                       "/sync/ratings/movies?page=4&limit=100"}));
}

TEST_F(TraktPaging, PagesOfOneWalkProveOneList) {
  const Reading first = Read(FirstPageOf("ratings"), Array({Rating(8)}), Paged(1, 100, 4, 400));
  const Reading second = Read(first.requests.at(0), Array({Rating(7)}), Paged(2, 100, 4, 400));
  EXPECT_EQ(first.rows->list, second.rows->list);
}

TEST_F(TraktPaging, BodyWithoutPageHeadersIsWhole) {
  const Reading reading = Read(FirstPageOf("ratings"), Array({Rating(8)}));
  EXPECT_TRUE(reading.requests.empty());
  EXPECT_FALSE(reading.rows->declared.has_value());
  EXPECT_EQ(reading.rows->rows.size(), 1u);
}

TEST_F(TraktPaging, FullPageWithoutHeadersIsNotTheWholeList) {
  const Reading full = Read(FirstPageOf("history"), Plays(250));
  ASSERT_EQ(Targets(full), (Strings{"/sync/history/movies?page=2&limit=250&end_at="
                                    "2026-01-01T00:00:00.000Z"}));
  const Reading last = Read(full.requests[0], Plays(17, 1000));
  EXPECT_TRUE(last.requests.empty());
  EXPECT_TRUE(last.shortfall.empty());
  EXPECT_TRUE(Read(full.requests[0], "[]").requests.empty());
}

TEST_F(TraktPaging, PageThatSaysTheNumberAfterOneThatDidNotLeadsToAll) {
  const Reading first = Read(FirstPageOf("history"), Plays(250));
  const Reading second = Read(first.requests.at(0), Plays(250, 1000), Paged(2, 250, 4, 900));
  ASSERT_EQ(second.requests.size(), 2u);
  EXPECT_EQ(ParsePage(second.requests[1].target)->number, 4);
  EXPECT_EQ(second.rows->declared, 900);
  EXPECT_EQ(second.rows->given, 500);  // with what the first page could not count for
  EXPECT_EQ(first.rows->list, second.rows->list);
}

TEST_F(TraktPaging, FurtherPageWithoutHeadersCountsForTheListOfTheFirst) {
  const Reading reading = Read(Further(2), Plays(250, 1000));
  EXPECT_EQ(reading.rows->declared, 700);
  EXPECT_TRUE(reading.requests.empty());
}

TEST_F(TraktPaging, FirstPageThatComesAgainWithoutHeadersIsAShortfall) {
  const Reading first = Read(FirstPageOf("history"), Plays(250));
  EXPECT_NE(Read(first.requests.at(0), Plays(250)).shortfall.find("circle"), std::string::npos);
}

TEST_F(TraktPaging, PageLongerThanItsLimitIsOfAServerThatDoesNotPage) {
  EXPECT_TRUE(Read(FirstPageOf("history"), Plays(300)).requests.empty());
}

TEST_F(TraktPaging, EmptyPageWithoutHeadersIsAskedAgain) {
  for (const Request& request :
       {FirstPageOf("history"), FirstPageOf("ratings"), FirstPageOf("watchlist"), Further(2)}) {
    const auto reading = TryRead(request, "[]");
    ASSERT_FALSE(reading.has_value()) << request.target;
    EXPECT_EQ(reading.error().code, Code::kTransient);
  }
  EXPECT_TRUE(TryRead(ListsRequest({}), "[]").has_value());
}

TEST_F(TraktPaging, EmptyListHasNoPages) {
  const Reading reading = Read(FirstPageOf("ratings"), "[]", Paged(1, 250, 0, 0));
  EXPECT_TRUE(reading.requests.empty());
  EXPECT_TRUE(reading.shortfall.empty());
  EXPECT_EQ(reading.rows->declared, 0);
}

TEST_F(TraktPaging, HistoryProvesItsLength) {
  const Reading reading =
      Read(FirstPageOf("history"), Array({APlay("1"), APlay("2")}), Paged(1, 250, 2, 400));
  EXPECT_EQ(reading.rows->declared, 400);
  EXPECT_EQ(reading.rows->given, 2);
}

TEST_F(TraktPaging, WatchlistThatGivesLessThanItCountsIsNotedAndNoFailure) {
  const Reading reading =
      Read(FirstPageOf("watchlist"), Array({Listed("null")}), Paged(1, 250, 2, 285));
  EXPECT_FALSE(reading.rows->declared.has_value());
  EXPECT_TRUE(reading.shortfall.empty());
  ASSERT_EQ(reading.notes.size(), 1u);
  EXPECT_NE(reading.notes[0].text.find("counts 250 entries here and shows 1"), std::string::npos);
}

TEST_F(TraktPaging, PagesThatAreShortByDesignAreNotNoted) {
  // A third of a page each, and as many pages as that takes.
  const Reading reading =
      Read(FirstPageOf("watchlist"), Array({Listed("null")}), Paged(1, 250, 4, 285));
  EXPECT_TRUE(reading.notes.empty());
  EXPECT_EQ(reading.requests.size(), 3u);
}

TEST_F(TraktPaging, PageOfAnotherSizeBeginsTheListAnew) {
  const Reading reading = Read(Further(2), Array({APlay("5")}), Paged(2, 100, 7, 700));
  EXPECT_EQ(Targets(reading), (Strings{"/sync/history/movies?page=1&limit=100&end_at="
                                       "2026-01-01T00:00:00.000Z"}));
  EXPECT_FALSE(reading.requests[0].next_page);
  EXPECT_EQ(reading.rows->declared, 0);
  EXPECT_EQ(reading.rows->rows.size(), 1u);
}

TEST_F(TraktPaging, ListThatChangedMeanwhileIsReadAnewInPagesOfAnotherSize) {
  const Reading reading = Read(Further(2), Array({APlay("5")}), Paged(2, 250, 3, 699));
  ASSERT_EQ(reading.requests.size(), 1u);
  EXPECT_EQ(ParsePage(reading.requests[0].target)->limit, 249);
  EXPECT_EQ(ParsePage(reading.requests[0].target)->number, 1);
}

TEST_F(TraktPaging, ListThatNeverHoldsStillIsShortInTheEnd) {
  Request request = Further(2);
  int items = 700;
  for (int i = 0; i < 3; ++i) {
    const Reading anew = Read(request, Array({APlay("5")}), Paged(2, 250 - i, 3, --items));
    ASSERT_EQ(anew.requests.size(), 1u) << i;
    const Reading first = Read(anew.requests[0], Array({APlay("9")}), Paged(1, 249 - i, 3, items));
    request = first.requests.at(0);
  }
  const Reading last = Read(request, Array({APlay("5")}), Paged(2, 247, 3, 1));
  EXPECT_TRUE(last.requests.empty());
  EXPECT_NE(last.shortfall.find("changed while it was read"), std::string::npos);
}

TEST_F(TraktPaging, OtherPageCountForTheSameItemsIsAskedAgain) {
  const auto reading = TryRead(Further(2), Array({APlay("5")}), Paged(2, 250, 9, 700));
  ASSERT_FALSE(reading.has_value());
  EXPECT_EQ(reading.error().code, Code::kTransient);
}

TEST_F(TraktPaging, FirstPageThatComesAgainIsAShortfall) {
  const Reading reading = Read(Further(3), Array({APlay("9")}), Paged(3, 250, 3, 700));
  EXPECT_NE(reading.shortfall.find("page 3 of /sync/history/movies"), std::string::npos);
}

TEST_F(TraktPaging, PagesBeyondAllReasonAreNotAskedFor) {
  auto headers = Paged(1, 250, 1, 700);
  headers[2].value = "99999999999";
  const auto reading = TryRead(FirstPageOf("history"), "[]", headers);
  ASSERT_FALSE(reading.has_value());
  EXPECT_EQ(reading.error().code, Code::kInvalid);
}

TEST_F(TraktPaging, HeadersThatAreNoNumbersCountAsAbsent) {
  const Reading reading = Read(FirstPageOf("ratings"), Array({Rating(8)}),
                               {{"X-Pagination-Page-Count", "many"},
                                {"X-Pagination-Item-Count", "-3"},
                                {"X-Pagination-Limit", ""}});
  EXPECT_TRUE(reading.requests.empty());
  EXPECT_FALSE(reading.rows->declared.has_value());
}

TEST_F(TraktPaging, AnswerThatIsNoListIsInvalid) {
  for (const char* body : {"{}", "null", "\"x\"", R"({"error":"x"})"}) {
    const auto reading = TryRead(FirstPageOf("history"), body);
    ASSERT_FALSE(reading.has_value()) << body;
    EXPECT_EQ(reading.error().code, Code::kInvalid);
  }
}

TEST_F(TraktPaging, BodyThatIsCutIsAskedAgain) {
  const auto reading = TryRead(FirstPageOf("history"), "[" + APlay("1") + ",{\"id\":2");
  ASSERT_FALSE(reading.has_value());
  EXPECT_EQ(reading.error().code, Code::kTransient);
}

TEST_F(TraktPaging, EntryThatIsNoObjectIsAShortfallAndTheOthersAreRead) {
  const Reading reading = Read(FirstPageOf("history"), Array({APlay("1"), "null"}));
  EXPECT_EQ(reading.rows->rows.size(), 1u);
  EXPECT_NE(reading.shortfall.find("1 entries are no objects"), std::string::npos);
}

}  // namespace
}  // namespace sluice::trakt
