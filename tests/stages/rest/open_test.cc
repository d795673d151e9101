// What a generation begins with, and how a later one goes on from an earlier.
#include "stages/sources/rest/open.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Resource Merged(std::string name = "records") {
  Resource resource = Records();
  resource.name = std::move(name);
  resource.primary_key = {"id"};
  resource.write_disposition = Disposition::kMerge;
  resource.incremental = {.cursor_path = "at", .start_param = "since"};
  return resource;
}

Resource Notes() {
  return {.name = "notes",
          .path = "notes/{resources.records.id}",
          .paginator = {.type = Paginator::Type::kSinglePage},
          .primary_key = {"note"},
          .write_disposition = Disposition::kMerge,
          .parent = "records"};
}

Opening OpenJob(std::vector<Resource> resources, const LastRun& last = FirstRun()) {
  return RestSource(Job(std::move(resources)), nullptr).Open(last);
}

std::vector<std::string> Names(const Opening& opening) {
  std::vector<std::string> names;
  for (const DocumentUpdate& document : opening.documents) names.push_back(document.id.value);
  return names;
}

// [{"id":1,"at":first}, ...]
std::string Dated(std::int64_t first, std::int64_t last) {
  std::string text;
  for (std::int64_t at = first; at <= last; ++at) {
    text += fmt::format(R"({}{{"id":{},"at":{}}})", text.empty() ? "" : ",", at, at);
  }
  return "[" + text + "]";
}

TEST(OpenTest, ParentsComeBeforeChildrenAndFilesLast) {
  const Opening opening = OpenJob({Merged(), Notes()});
  EXPECT_THAT(Names(opening),
              ElementsAre("records", "notes", "file:records.jsonl", "file:notes.jsonl"));
  EXPECT_THAT(opening.documents[1].needs, ElementsAre(DocumentId("records")));
  EXPECT_THAT(opening.documents[1].content, IsEmpty());
  EXPECT_THAT(opening.documents[3].needs, ElementsAre(DocumentId("notes")));
  EXPECT_EQ(opening.documents[3].name, "notes");
  EXPECT_EQ(opening.documents[3].extension, ".jsonl");
  EXPECT_EQ(opening.documents[0].extension, "");
  EXPECT_EQ(opening.documents[0].collection->disposition, Disposition::kMerge);
}

TEST(OpenTest, SqliteTablesShareOneFile) {
  Resource records = Merged();
  Resource notes = Notes();
  records.output.format = notes.output.format = Format::kSqlite;
  const Opening opening = OpenJob({records, notes});
  EXPECT_THAT(Names(opening), ElementsAre("records", "notes", "file:export.db"));
  EXPECT_EQ(opening.documents[2].needs.size(), 2u);
}

TEST(OpenTest, WhatIsNotSelectedHasNoFile) {
  Resource records = Merged();
  records.selected = false;
  EXPECT_THAT(Names(OpenJob({records, Notes()})),
              ElementsAre("records", "notes", "file:notes.jsonl"));
}

TEST(OpenTest, AFirstRequestIsPartOfTheListingAndNamesItsResource) {
  const Request first = OpenJob({Merged()}).documents[0].content[0];
  EXPECT_TRUE(first.listing);
  EXPECT_EQ(first.operation, "records");
  EXPECT_EQ(first.document, DocumentId("records"));
  EXPECT_EQ(first.target, "/v1/records");
}

TEST(OpenTest, TheDefinitionIsOfTheRowsAndTheFormOfTheFile) {
  const auto revision = [](const Resource& resource, std::size_t document) {
    return OpenJob({resource}).documents[document].revision;
  };
  Resource other_path = Merged();
  other_path.path = "others";
  EXPECT_NE(revision(other_path, 0), revision(Merged(), 0));
  EXPECT_EQ(revision(other_path, 1), revision(Merged(), 1));
  Resource other_form = Merged();
  other_form.output.fields = {"id"};
  EXPECT_EQ(revision(other_form, 0), revision(Merged(), 0));
  EXPECT_NE(revision(other_form, 1), revision(Merged(), 1));
}

TEST(OpenTest, ARotatedSecretInAHeaderChangesNothing) {
  Resource other = Merged();
  other.headers = {{"X-Api-Key", "one"}};
  const Revision before = OpenJob({other}).documents[0].revision;
  other.headers = {{"X-Api-Key", "two"}};
  EXPECT_EQ(OpenJob({other}).documents[0].revision, before);
}

TEST(OpenTest, AChildsDefinitionChangesWithItsParents) {
  Resource other = Merged();
  other.path = "others";
  EXPECT_NE(OpenJob({other, Notes()}).documents[1].revision,
            OpenJob({Merged(), Notes()}).documents[1].revision);
}

// --- incremental --------------------------------------------------------------------------------

Walk::Server DatedServer(std::int64_t last) {
  return [last](const Request& request) {
    return FakeAnswer{.body = Dated(NumberParam(request, "since", 1), last)};
  };
}

TEST(OpenTest, ALaterRunAsksFromTheLastCursor) {
  const Walk first(Job({Merged()}), DatedServer(5));
  EXPECT_THAT(first.asked, ElementsAre("/v1/records"));
  EXPECT_EQ(first.cursors.at("records"), "5");
  const Walk second(Job({Merged()}), DatedServer(7), first.Next());
  EXPECT_THAT(second.asked, ElementsAre("/v1/records?since=5"));
  EXPECT_THAT(second.Keys(), ElementsAre("5", "6", "7"));
}

TEST(OpenTest, TheLagReachesBack) {
  Resource resource = Merged();
  resource.incremental.lag = std::chrono::seconds(2);
  const Walk first(Job({resource}), DatedServer(5));
  EXPECT_THAT(Walk(Job({resource}), DatedServer(5), first.Next()).asked,
              ElementsAre("/v1/records?since=3"));
}

TEST(OpenTest, AChangedDefinitionBeginsAnew) {
  const Walk first(Job({Merged()}), DatedServer(5));
  Resource changed = Merged();
  changed.params = {{"x", "1"}};
  EXPECT_THAT(Walk(Job({changed}), DatedServer(5), first.Next()).asked,
              ElementsAre("/v1/records?x=1"));
}

TEST(OpenTest, WhatReplacesItsRowsAsksForAllOfThem) {
  Resource resource = Merged();
  resource.write_disposition = Disposition::kReplace;
  resource.incremental.initial_value = "2";
  const Walk first(Job({resource}), DatedServer(5));
  EXPECT_THAT(Walk(Job({resource}), DatedServer(5), first.Next()).asked,
              ElementsAre("/v1/records?since=2"));
}

TEST(OpenTest, PlaceholdersTakeTheBounds) {
  Resource resource = Merged();
  resource.incremental.start_param.clear();
  resource.incremental.end_value = "9";
  resource.params = {{"q", "at:>={incremental.start_value}"},
                     {"before", "{incremental.end_value}"}};
  const Walk first(Job({resource}), DatedServer(5));
  EXPECT_THAT(first.asked, ElementsAre("/v1/records?before=9"));
  EXPECT_THAT(Walk(Job({resource}), DatedServer(5), first.Next()).asked,
              ElementsAre("/v1/records?q=at%3A%3E%3D5&before=9"));
}

TEST(OpenTest, RecordsThatAServerGivesUnaskedAreDropped) {
  const Walk first(Job({Merged()}), DatedServer(5));
  const auto deaf = [](const Request&) { return FakeAnswer{.body = Dated(1, 6)}; };
  EXPECT_THAT(Walk(Job({Merged()}), deaf, first.Next()).Keys(), ElementsAre("5", "6"));
}

// --- children of what goes on -------------------------------------------------------------------

// Records 1 to `last` with one note each, but for those of `fails`.
Walk::Server WithNotes(std::int64_t last, std::int64_t fails = 0) {
  return [=](const Request& request) {
    if (request.target.starts_with("/v1/records")) return DatedServer(last)(request);
    const std::string record = request.target.substr(std::string("/v1/notes/").size());
    if (record == std::to_string(fails)) return FakeAnswer{.status = 404};
    return FakeAnswer{.body = fmt::format(R"([{{"note":{}}}])", record)};
  };
}

TEST(OpenTest, ChildrenAreAskedForByWhatHasChanged) {
  const Walk first(Job({Merged(), Notes()}), WithNotes(3));
  EXPECT_EQ(first.cursors.at("notes"), "3");
  const Walk second(Job({Merged(), Notes()}), WithNotes(4), first.Next());
  EXPECT_THAT(second.asked, ElementsAre("/v1/records?since=3", "/v1/notes/3", "/v1/notes/4"));
}

TEST(OpenTest, WhatFailedBelowIsAskedForAgainByTheNextRun) {
  Walk first(Job({Merged(), Notes()}), WithNotes(3, 2));
  EXPECT_EQ(first.errors.size(), 1u);
  first.cursors["notes"] = "";  // a collection that has failed keeps its cursor
  const Walk second(Job({Merged(), Notes()}), WithNotes(3), first.Next());
  EXPECT_THAT(second.asked, testing::Contains("/v1/notes/2"));
}

TEST(OpenTest, AChildThatIsNewIsAskedForOfEveryParent) {
  const Walk first(Job({Merged()}), WithNotes(3));
  const Walk second(Job({Merged(), Notes()}), WithNotes(3), first.Next());
  EXPECT_THAT(second.Keys("notes"), ElementsAre("1", "2", "3"));
}

TEST(OpenTest, AnIncrementalChildKnowsItsOwnCursor) {
  Resource notes = Notes();
  notes.incremental = {.cursor_path = "note", .start_param = "since"};
  Resource records = Merged();
  records.incremental = {};
  const Walk first(Job({records, notes}), WithNotes(3));
  const Walk second(Job({records, notes}), WithNotes(3), first.Next());
  EXPECT_THAT(second.asked, testing::Contains("/v1/notes/1?since=3"));
}

}  // namespace
}  // namespace sluice::rest
