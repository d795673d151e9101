// The real sluice against a simulated Trakt account.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "tests/e2e/export_fixture.h"
#include "tests/support/faulty_front.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

using Strings = std::vector<std::string>;
using Table = std::vector<Strings>;

// The records of a CSV, without its header.
Table Records(const std::string& csv) {
  Table table(1, Strings(1));
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (quoted && c == '"' && i + 1 < csv.size() && csv[i + 1] == '"') {
      table.back().back() += csv[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      table.back().emplace_back();
    } else if (!quoted && c == '\n') {
      table.emplace_back(1);
    } else if (quoted || c != '\r') {
      table.back().back() += c;
    }
  }
  table.pop_back();
  table.erase(table.begin());
  return table;
}

class TraktExportTest : public ExportTest {
 protected:
  TraktExportTest() { exporter_.UseSource("trakt"); }

  static SimProcess Account(Strings more = {}) {
    Strings args{"trakt", "--history",    "700", "--ratings", "120", "--watchlist",
                 "285",   "--collection", "300", "--shows",   "5",   "--lists",
                 "2"};
    args.insert(args.end(), more.begin(), more.end());
    return SimProcess(kSimulator, std::move(args));
  }
  Outcome Export(const SimProcess& sim, Strings more = {}) {
    const std::string reference = std::string("env:") + Exporter::kTokenVariable;
    more.insert(more.end(), {"--client-id", reference});
    return exporter_.Export(sim, more);
  }
  // What `sim` holds for an export that nothing disturbs.
  static Tree Undisturbed(const SimProcess& sim) {
    Exporter exporter(kBinaries);
    exporter.UseSource("trakt");
    const Outcome outcome =
        exporter.Export(sim, {"--client-id", std::string("env:") + Exporter::kTokenVariable});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return exporter.Output();
  }
  Table File(const std::string& name) const {
    const Tree tree = exporter_.Output();
    const auto found = tree.find(name);
    EXPECT_NE(found, tree.end()) << name;
    return found == tree.end() ? Table{} : Records(found->second.content);
  }
  static Strings Paths(const SimProcess& sim) {
    Strings paths;
    for (const LogLine& line : sim.Log()) paths.push_back(line.path);
    return paths;
  }
};

TEST_F(TraktExportTest, WholeAccountBecomesItsFiles) {
  const SimProcess sim = Account();
  const Outcome outcome = Export(sim);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::map<std::string, std::size_t> rows = {{"letterboxd-import.csv", 700},
                                                   {"ratings.csv", 120},
                                                   {"letterboxd-watchlist.csv", 285},
                                                   {"collection.csv", 300}};
  for (const auto& [name, count] : rows) EXPECT_EQ(File(name).size(), count) << name;
  EXPECT_GT(File("shows.csv").size(), 20u);
  EXPECT_EQ(exporter_.Output().size(), 5u);
}

TEST_F(TraktExportTest, EveryFilmsFirstPlayIsNoRewatchAndAllOthersAre) {
  const SimProcess sim = Account();
  ASSERT_EQ(Export(sim).exit_code, 0);
  std::map<Strings, int> seen;
  std::string last_date;
  for (const Strings& row : File("letterboxd-import.csv")) {
    ASSERT_EQ(row.size(), 7u);
    const int before = seen[{row[0], row[1], row[2], row[3]}]++;
    const std::string expected = row[4].empty() ? "" : before > 0 ? "true" : "false";
    if (row[2].empty() && row[3].empty()) continue;  // which film it is cannot be seen here
    EXPECT_EQ(row[6], expected) << row[0] << " " << row[4];
    EXPECT_LE(last_date, row[4]);
    last_date = row[4];
  }
}

TEST_F(TraktExportTest, SecondRunSendsOnlySettingsAndActivities) {
  const SimProcess sim = Account();
  ASSERT_EQ(Export(sim).exit_code, 0);
  const Tree before = exporter_.Output();
  const std::size_t requests = sim.Answered();
  const Outcome outcome = Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Strings paths = Paths(sim);
  EXPECT_EQ(Strings(paths.begin() + static_cast<std::ptrdiff_t>(requests), paths.end()),
            (Strings{"/users/settings", "/sync/last_activities"}));
  EXPECT_EQ(Touched(before, exporter_.Output()), Strings{});
}

TEST_F(TraktExportTest, NewPlaysAndRemovedPlaysReadTheHistoryAndNothingElse) {
  const SimProcess before = Account();
  ASSERT_EQ(Export(before).exit_code, 0);
  const SimProcess after = Account({"--plays-edit", "5", "--remove-plays", "7"});
  const Outcome outcome = Export(after);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(File("letterboxd-import.csv").size(), 698u);
  EXPECT_EQ(Differences(Undisturbed(after), exporter_.Output()), Strings{});
  const Strings paths = Paths(after);
  const auto others = std::count_if(paths.begin(), paths.begin() + 5, [](const auto& path) {
    return path.starts_with("/sync/ratings") || path.starts_with("/sync/watchlist") ||
           path.starts_with("/sync/collection") || path.starts_with("/sync/history/shows");
  });
  EXPECT_EQ(others, 0);
}

TEST_F(TraktExportTest, PlayThatComesInMeanwhileLosesNothing) {
  const SimProcess sim = Account({"--late-play", "1"});
  const Outcome first = Export(sim);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_GE(File("letterboxd-import.csv").size(), 700u);  // it may be of the second of the start
  ASSERT_EQ(Export(sim).exit_code, 0);
  EXPECT_EQ(File("letterboxd-import.csv").size(), 701u);
}

TEST_F(TraktExportTest, NewOnlyGivesWhatTheLastFileDidNotHave) {
  const Strings new_only{"--set", "trakt.rows=new_only"};
  const SimProcess before = Account();
  ASSERT_EQ(Export(before, new_only).exit_code, 0);
  EXPECT_EQ(File("letterboxd-import.csv").size(), 700u);
  const SimProcess after = Account({"--plays-edit", "5"});
  ASSERT_EQ(Export(after, new_only).exit_code, 0);
  EXPECT_EQ(File("letterboxd-import.csv").size(), 5u);
}

TEST_F(TraktExportTest, KilledRunGoesOnAndGivesTheSameFiles) {
  const SimProcess sim = Account({"--latency", "20ms"});
  const Strings flags{"--client-id", std::string("env:") + Exporter::kTokenVariable};
  for (const std::size_t requests : {1u, 3u, 3u}) {
    exporter_.ExportInterrupted(sim, {.signal = 9, .requests = requests}, flags);
  }
  const Outcome outcome = Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Differences(Undisturbed(sim), exporter_.Output()), Strings{});
}

TEST_F(TraktExportTest, WhateverTheServersPagesTheFilesAreTheSame) {
  const Tree expected = Undisturbed(Account());
  for (const char* fault : {"clamp", "short-page", "429:0.2", "500:0.1", "bad-json:0.1"}) {
    const SimProcess sim = Account({"--fault", fault});
    exporter_.Clear();
    const Outcome outcome = Export(sim);
    EXPECT_EQ(outcome.exit_code, 0) << fault << "\n" << outcome.err;
    EXPECT_EQ(Differences(expected, exporter_.Output()), Strings{}) << fault;
  }
}

TEST_F(TraktExportTest, ListThatLeadsInACircleIsShortAndReadAgainByTheNextRun) {
  const SimProcess circling = Account({"--fault", "cursor-loop"});
  const Outcome outcome = Export(circling);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("circle"), std::string::npos) << outcome.err;
  const SimProcess sim = Account();
  const Outcome again = Export(sim);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(Differences(Undisturbed(sim), exporter_.Output()), Strings{});
}

TEST_F(TraktExportTest, LimitOfTheServerIsWaitedOut) {
  const SimProcess sim = Account({"--rate", "10", "--burst", "2"});
  const Outcome outcome = Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(File("letterboxd-import.csv").size(), 700u);
}

TEST_F(TraktExportTest, TokenThatEndsEndsTheRunWhichGoesOnWithAnother) {
  const SimProcess refusing = Account({"--fault", "401-after:4"});
  const Outcome refused = Export(refusing);
  EXPECT_EQ(refused.exit_code, 6) << refused.err;
  EXPECT_NE(refused.err.find("sluice auth trakt"), std::string::npos) << refused.err;
  const SimProcess sim = Account();
  const Outcome outcome = Export(sim);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Differences(Undisturbed(sim), exporter_.Output()), Strings{});
}

TEST_F(TraktExportTest, PersonalListsAreAFileEach) {
  const SimProcess sim = Account();
  const Outcome outcome = Export(sim, {"--set", "trakt.include=lists"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(File("letterboxd-list-list-1.csv").size(), 5u);
  EXPECT_EQ(File("letterboxd-list-list-2.csv").size(), 135u);
  const std::size_t requests = sim.Answered();
  ASSERT_EQ(Export(sim, {"--set", "trakt.include=lists"}).exit_code, 0);
  EXPECT_EQ(sim.Answered() - requests, 3u);
}

TEST_F(TraktExportTest, TimeZoneThatNobodyKnowsIsNamed) {
  const SimProcess sim = Account({"--timezone", "Mars/Olympus_Mons"});
  const Outcome outcome = Export(sim);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const auto failures = Query(exporter_.state(), "SELECT last_error FROM v_failures");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0][0].find("Mars/Olympus_Mons"), std::string::npos);
  EXPECT_NE(failures[0][0].find("trakt.timezone"), std::string::npos);
}

// Something on the way: page 1 of the history comes without its numbers, or without anything.
class TraktFrontTest : public TraktExportTest {
 protected:
  Outcome ExportThrough(const FaultyFront& front) {
    exporter_.UseService(front.url());
    return exporter_.Export({"--client-id", std::string("env:") + Exporter::kTokenVariable, "--set",
                             "retry.base=10ms", "--set", "retry.read_attempts=3"});
  }
  // Spoils the first `times` requests whose target holds `part`.
  static FaultyFront::Spoil Spoil(std::string part, int times,
                                  std::function<std::string(const HttpAnswer&)> spoil) {
    return [=, left = std::make_shared<std::atomic<int>>(times)](const std::string& request,
                                                                 const auto& forward) {
      const bool meant = request.substr(0, request.find('\r')).find(part) != std::string::npos;
      if (!meant || (*left)-- <= 0) return std::string();
      return spoil(forward());
    };
  }
  static std::string Closing(std::string_view body, std::string_view status = "200 OK") {
    return WholeAnswer(body, status, "Content-Type: text/html\r\nConnection: close\r\n");
  }

  const SimProcess sim_ = Account();
};

TEST_F(TraktFrontTest, FullPageWithoutItsNumbersIsNotTheWholeHistory) {
  const FaultyFront front(sim_, Spoil("/sync/history/movies?page=1&", 1,
                                      [](const auto& answer) { return Closing(answer.body); }));
  const Outcome outcome = ExportThrough(front);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(File("letterboxd-import.csv").size(), 700u);
}

TEST_F(TraktFrontTest, EmptyListWithoutItsNumbersIsNoList) {
  const auto empty = [](const auto&) { return Closing("[]"); };
  const FaultyFront front(sim_, Spoil("/sync/history/movies", 1000, empty));
  const Outcome outcome = ExportThrough(front);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(exporter_.Output().count("letterboxd-import.csv"), 0u);
}

TEST_F(TraktFrontTest, OneForbiddingPageInMidRunIsAskedForAgain) {
  const std::string page = "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title>";
  const auto forbid = [&](const auto&) { return Closing(page, "403 Forbidden"); };
  const FaultyFront front(sim_, Spoil("/sync/ratings/movies", 1, forbid));
  const Outcome outcome = ExportThrough(front);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Differences(Undisturbed(sim_), exporter_.Output()), Strings{});
}

TEST_F(TraktExportTest, RecordedAccountIsExportedWithoutLoss) {
  const fs::path recorded =
      fs::path(SLUICE_SOURCE_DIR).parent_path() / "shared/fixtures/trakt/fuzeman+trakt.py";
  if (!fs::is_directory(recorded)) GTEST_SKIP() << "no recordings beside the project";
  const SimProcess sim(kSimulator, {"replay", recorded.string()});
  const Outcome outcome = Export(sim);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(File("letterboxd-import.csv").empty());
  const auto counts = Query(exporter_.state(), "SELECT collection, rows FROM v_collections");
  EXPECT_GT(counts.size(), 4u);
}

}  // namespace
}  // namespace sluice
