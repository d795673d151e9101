#include "stages/sources/trakt/instant.h"
#include "tests/stages/trakt/trakt_test.h"

namespace sluice::trakt {
namespace {

using TraktReading = TraktTest;

TEST_F(TraktReading, SettingsGiveTheAccountAndLeadToTheActivities) {
  const Reading reading = ReadSettings();
  const DocumentUpdate* account = Find(reading, "account");
  ASSERT_NE(account, nullptr);
  EXPECT_EQ(account->title, "sean");
  EXPECT_NE(account->object.find("America/Los_Angeles"), std::string::npos);
  EXPECT_EQ(Targets(reading), Strings{"/sync/last_activities"});
  EXPECT_TRUE(reading.requests[0].listing);
}

TEST_F(TraktReading, JobsTimeZoneComesBeforeTheAccounts) {
  options.timezone = "Asia/Kolkata";
  const Reading reading = ReadActivities(Activities());
  EXPECT_EQ(DecodeFacts(Find(reading, kImportFile.value)->object).timezone, "Asia/Kolkata");
}

TEST_F(TraktReading, AccountWithoutATimeZoneIsInUtc) {
  const Reading reading = Read(ReadSettings("null").requests.at(0), Activities());
  EXPECT_EQ(DecodeFacts(Find(reading, kImportFile.value)->object).timezone, "UTC");
}

TEST_F(TraktReading, TimeZoneThatTheSystemDoesNotKnowIsAUsageErrorBeforeAnythingIsRead) {
  const auto reading =
      TryRead(OpenTrakt({.now_ms = kNow}, options).requests.at(0), Settings("\"Mars/Olympus\""));
  ASSERT_FALSE(reading.has_value());
  EXPECT_EQ(reading.error().code, Code::kUsage);
  EXPECT_NE(reading.error().message.find("trakt.timezone"), std::string::npos);
}

TEST_F(TraktReading, SectionsComeBeforeTheFilesThatNeedThem) {
  const Reading reading = ReadActivities(Activities());
  std::vector<DocumentId> known{kAccount};
  for (const DocumentUpdate& document : reading.documents) {
    for (const DocumentId& need : document.needs) {
      EXPECT_NE(std::find(known.begin(), known.end(), need), known.end())
          << document.id.value << " needs " << need.value;
    }
    known.push_back(document.id);
  }
}

TEST_F(TraktReading, SectionChangesWithItsActivityAndWithNoOther) {
  const Reading before = ReadActivities(Activities());
  const Reading after = ReadActivities(Activities("2025-10-01T00:00:00.000Z"));
  EXPECT_NE(Find(before, "history")->revision, Find(after, "history")->revision);
  for (const char* other : {"ratings", "watchlist", "collection", "episodes"}) {
    EXPECT_EQ(Find(before, other)->revision, Find(after, other)->revision) << other;
  }
}

TEST_F(TraktReading, SectionsThatAreNotIncludedAreNotAskedFor) {
  options.include = {"watchlist"};
  const Reading reading = ReadActivities(Activities());
  EXPECT_NE(Find(reading, "watchlist"), nullptr);
  EXPECT_EQ(reading.documents.size(), 2u);
}

TEST_F(TraktReading, HistoryBringsTheRatingsForItsColumn) {
  options.include = {"history"};
  const Reading reading = ReadActivities(Activities());
  EXPECT_NE(Find(reading, "ratings"), nullptr);
  EXPECT_EQ(Find(reading, kRatingsFile.value), nullptr);
}

TEST_F(TraktReading, ActivityThatIsMissingMeansThatTheSectionIsReadEveryTime) {
  EXPECT_FALSE(Find(ReadActivities("{}"), "history")->stable);
  EXPECT_TRUE(Find(ReadActivities(Activities()), "history")->stable);
}

TEST_F(TraktReading, ActivityOfThisMinuteMayNotBeTheLastOne) {
  const Reading reading = ReadActivities(Activities(InstantText(kNow - 1000)));
  EXPECT_FALSE(Find(reading, "history")->stable);
}

TEST_F(TraktReading, HistoryEndsAtTheStartOfTheRun) {
  EXPECT_EQ(ParsePage(FirstPageOf("history").target)->end_at, "2026-01-01T00:00:00.000Z");
}

TEST_F(TraktReading, HistoryReachesToTheLastActivityWhereTheServersClockIsAhead) {
  const Reading reading = ReadActivities(Activities("2026-01-01T00:09:30.000Z"));
  EXPECT_EQ(ParsePage(Find(reading, "history")->content[0].target)->end_at,
            "2026-01-01T00:09:31.000Z");
}

TEST_F(TraktReading, PlaysStandOldestFirstUnknownDatesBeforeAllAndIdsBreakTies) {
  Give("history",
       {Play("12297139948", "2025-05-02T00:00:00.000Z"), Play("30", "2025-05-02T00:00:00.000Z"),
        Play("7", "1970-01-01T00:00:00.000Z"), Play("8", "1965-03-01T00:00:00.000Z")});
  Strings keys;
  ASSERT_TRUE(inputs.ForEachRow(DocumentId("history"), [&](const Row& row) {
    keys.push_back(row.key);
    return true;
  }));
  EXPECT_EQ(keys, (Strings{"7", "8", "30", "12297139948"}));
}

TEST_F(TraktReading, RowsKeepEveryFieldAsItCame) {
  const std::string play = R"({"id":18446744073709551615,"watched_at":"x","more":[1.50,"é"]})";
  Reading reading = Read(FirstPageOf("history"), Array({play}));
  const std::vector<Row> rows = RowsOf(reading.rows->rows);
  EXPECT_EQ(rows.at(0).body, play);
  EXPECT_EQ(rows.at(0).key, "18446744073709551615");
}

TEST_F(TraktReading, CursorIsTheHighestPlay) {
  const Reading reading =
      Read(FirstPageOf("history"), Array({Play("99", "2025-05-02T00:00:00.000Z"),
                                          Play("12297139948", "2001-05-02T00:00:00.000Z")}));
  EXPECT_EQ(reading.rows->cursor, "12297139948");
}

class TraktNewOnly : public TraktTest {
 protected:
  TraktNewOnly() { options.rows = TraktOptions::Rows::kNewOnly; }

  // The import file of a run after one that left the history at play 500 and this of its file.
  DocumentUpdate FileAfter(const std::optional<LastRun::Document>& file) const {
    const LastRun last{.now_ms = kNow,
                       .find =
                           [](const DocumentId&) {
                             return std::optional(LastRun::Collection{.cursor = "500", .rows = 3});
                           },
                       .find_document = [file](const DocumentId&) { return file; }};
    const Reading settings =
        Read(OpenTrakt(last, options).requests.at(0), Settings("\"Europe/Berlin\""));
    return *Find(Read(settings.requests.at(0), Activities()), kImportFile.value);
  }
};

TEST_F(TraktNewOnly, BeginsWhereTheHistoryOfTheLastFileEnded) {
  const DocumentUpdate file = FileAfter(LastRun::Document{.done = true});
  EXPECT_EQ(DecodeFacts(file.object).since, "500");
  EXPECT_EQ(SinceOfRevision(file.revision), "500");
}

TEST_F(TraktNewOnly, FileThatWasNotMadeIsMadeFromItsOwnBeginning) {
  const DocumentUpdate before = FileAfter(LastRun::Document{.done = true});
  const Revision revision(before.revision.value.substr(0, before.revision.value.size() - 3) + "77");
  EXPECT_EQ(DecodeFacts(FileAfter(LastRun::Document{.revision = revision}).object).since, "77");
}

TEST_F(TraktNewOnly, FirstFileHasEverything) {
  EXPECT_EQ(DecodeFacts(FileAfter(std::nullopt).object).since, "");
}

TEST_F(TraktNewOnly, JobThatWantsAllRowsHasNoBeginning) {
  options.rows = TraktOptions::Rows::kFull;
  EXPECT_EQ(DecodeFacts(FileAfter(LastRun::Document{.done = true}).object).since, "");
}

TEST_F(TraktReading, ListsAreFoundWhileRunning) {
  options.include = {"lists"};
  const Reading activities = ReadActivities(Activities());
  EXPECT_EQ(Targets(activities), Strings{"/users/me/lists?page=1&limit=250"});
  const Reading reading =
      Read(activities.requests[0],
           R"([{"name":"Best of 2025","updated_at":"2025-09-01T00:00:00.000Z","item_count":2,)"
           R"("ids":{"trakt":28000001,"slug":"best-of-2025"}}])",
           Paged(1, 250, 2, 300));
  const DocumentUpdate* list = Find(reading, "list:28000001");
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->content.at(0).target, "/users/me/lists/28000001/items/movies?page=1&limit=250");
  const DocumentUpdate* file = Find(reading, "file:list:28000001");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->name, "letterboxd-list-best-of-2025");
  EXPECT_EQ(Targets(reading), Strings{"/users/me/lists?page=2&limit=250"});
  EXPECT_FALSE(reading.shortfall.empty()) << "250 belong on that page";
}

TEST_F(TraktReading, FurtherPagesOfTheListsKnowTheAccountToo) {
  options.include = {"lists"};
  const Reading first = Read(ReadActivities(Activities()).requests[0], "[]", Paged(1, 250, 2, 251));
  const Reading second =
      Read(first.requests.at(0), R"([{"name":"x","ids":{"trakt":5}}])", Paged(2, 250, 2, 251));
  EXPECT_EQ(DecodeFacts(Find(second, "file:list:5")->object).timezone, "America/Los_Angeles");
}

TEST_F(TraktReading, SlugThatIsNoneNamesNoPath) {
  options.include = {"lists"};
  const Reading reading = Read(ReadActivities(Activities()).requests[0],
                               R"([{"name":"x","ids":{"trakt":5,"slug":"../../etc/passwd"}}])");
  EXPECT_EQ(Find(reading, "file:list:5")->name, "letterboxd-list 5");
}

TEST_F(TraktReading, SameFilmInAListIsOneRow) {
  Reading reading = Read(FirstPageOf("watchlist"), Array({Listed("null"), Listed("null")}));
  const std::vector<Row> rows = RowsOf(reading.rows->rows);
  EXPECT_EQ(rows.at(0).key, rows.at(1).key);
  EXPECT_LT(rows.at(0).position, rows.at(1).position);
}

TEST_F(TraktReading, WrongAccountObjectIsInvalid) {
  for (const char* body : {"[]", "{}", R"({"user":{}})", "3"}) {
    const auto reading = TryRead(OpenTrakt({.now_ms = kNow}, options).requests.at(0), body);
    ASSERT_FALSE(reading.has_value()) << body;
    EXPECT_EQ(reading.error().code, Code::kInvalid);
  }
}

TEST(InstantTest, ReadsWhatTraktWrites) {
  EXPECT_EQ(ParseInstant("2014-09-01T09:10:11.000Z"), 1'409'562'611'000);
  EXPECT_EQ(ParseInstant("2014-09-01T09:10:11Z"), 1'409'562'611'000);
  EXPECT_EQ(ParseInstant("2014-09-01T11:10:11.5+02:00"), 1'409'562'611'500);
  EXPECT_EQ(InstantText(1'409'562'611'000), "2014-09-01T09:10:11.000Z");
}

TEST(InstantTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2014-09-01", "2014-02-30T00:00:00.000Z", "2014-09-01T24:00:00Z",
                           "2014-09-01T09:10:11.000Zx", "now", "2014-09-01T09:10:11"}) {
    EXPECT_FALSE(ParseInstant(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sluice::trakt
