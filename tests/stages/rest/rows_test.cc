// What becomes of the records of a list: rows with keys and places, and requests for their
// children.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Type = Paginator::Type;

Walk Once(const Resource& resource, const std::string& body) {
  return Walk(Job({resource}), [&](const Request&) { return FakeAnswer{.body = body}; });
}

Resource Keyed(std::vector<std::string> key) {
  Resource resource = Records();
  resource.primary_key = std::move(key);
  return resource;
}

TEST(RowsTest, NumbersStayAsTheyAreWritten) {
  const Walk walk = Once(Keyed({"id"}), R"([ {"id": 9007199254740993, "x": 1.10, "big": 1e300} ])");
  EXPECT_EQ(walk.Rows(), R"({"id":9007199254740993,"x":1.10,"big":1e300})");
  EXPECT_THAT(walk.Keys(), ElementsAre("9007199254740993"));
}

TEST(RowsTest, AnEmptyBodyIsNoEmptyList) {
  EXPECT_THAT(Once(Records(), "").errors, ElementsAre(HasSubstr("not valid JSON")));
  const auto no_content = [](const Request&) { return FakeAnswer{.status = 204}; };
  EXPECT_THAT(Walk(Job({Records()}), no_content).errors, IsEmpty());
}

// Cut, 123 is 12; a cut list is no JSON.
TEST(RowsTest, ABareNumberIsTakenOnlyWhereTheWireSaysThatItIsWhole) {
  EXPECT_THAT(Once(Records(), "12").errors, ElementsAre(HasSubstr("a part may be missing")));
  for (const HttpHeader& header :
       {HttpHeader{"content-length", "2"}, HttpHeader{"transfer-encoding", "chunked"}}) {
    const Walk walk = Walk(Job({Records()}), [&](const Request&) {
      return FakeAnswer{.body = "12", .headers = {header}};
    });
    EXPECT_EQ(walk.Rows(), "12");
  }
}

TEST(RowsTest, AKeyIsTheJsonOfItsFields) {
  EXPECT_THAT(Once(Keyed({"id"}), R"([{"id": 1}, {"id": "1"}])").Keys(), ElementsAre("\"1\"", "1"));
  EXPECT_THAT(Once(Keyed({"a.b", "c"}), R"([{"a": {"b": 1}, "c": "x"}])").Keys(),
              ElementsAre("[1,\"x\"]"));
}

TEST(RowsTest, ARecordWithoutItsKeyIsNamedWithResourcePageAndIndex) {
  for (const char* body :
       {R"([{"id": 1}, {"x": 1}])", R"([{"id": 1}, {"id": null}])", R"([{"id": 1}, "text"])"}) {
    EXPECT_THAT(Once(Keyed({"id"}), body).errors,
                ElementsAre("records, page 1 of /v1/records: record 2 has no value for the primary "
                            "key 'id'"));
  }
}

TEST(RowsTest, WithoutAKeyAnUnchangedListHasTheSameRowsAgain) {
  const std::string list = R"([{"x": 1}, {"x": 1}])";
  const auto keys = Once(Records(), list).Keys();
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_EQ(Once(Records(), list).Keys(), keys);
}

TEST(RowsTest, AppendedRowsWithoutAKeyAreEachTheirOwn) {
  Resource resource = Records();
  resource.write_disposition = Disposition::kAppend;
  EXPECT_THAT(Once(resource, R"([{"x": 1}, {"x": 1}])").Keys(), ElementsAre("#0", "#1"));
}

TEST(RowsTest, FiltersLetThroughWhatPassesAll) {
  Resource resource = Records();
  resource.filters = {{"id", Filter::Test::kGreater, "2"}, {"id", Filter::Test::kLess, "5"}};
  const Walk walk = Once(resource, Ids(1, 9));
  EXPECT_EQ(walk.Rows(), IdRows(3, 4));
}

// --- children -----------------------------------------------------------------------------------

Resource Notes() {
  return {.name = "notes",
          .path = "records/{resources.records.id}/notes",
          .paginator = {.type = Type::kPageNumber},
          .parent = "records"};
}

// Records 1 to `records` on pages of two; record n has n notes, on pages of one.
Walk::Server WithNotes(std::int64_t records) {
  return [=](const Request& request) {
    const std::int64_t page = NumberParam(request, "page", 0);
    if (request.target.find("/notes") == std::string::npos) {
      return FakeAnswer{.body = Ids(page * 2 + 1, std::min(page * 2 + 2, records))};
    }
    const std::int64_t record =
        std::stoll(request.target.substr(std::string("/v1/records/").size()));
    if (page >= record) return FakeAnswer{.body = "[]"};
    return FakeAnswer{.body = fmt::format(R"([{{"note":"{}.{}"}}])", record, page)};
  };
}

TEST(RowsTest, ChildrenAreAskedForByTheRowsOfTheirParent) {
  const Walk walk(Job({Records({.type = Type::kPageNumber}), Notes()}), WithNotes(3));
  EXPECT_EQ(walk.Rows("notes"), R"({"note":"1.0"} {"note":"2.0"} {"note":"2.1"} )"
                                R"({"note":"3.0"} {"note":"3.1"} {"note":"3.2"})");
}

TEST(RowsTest, FieldsOfTheParentAreAddedToItsChildren) {
  Resource notes = Notes();
  notes.include_from_parent = {"id", "none"};
  notes.primary_key = {"_records_id", "note"};
  const Walk walk(Job({Records({.type = Type::kPageNumber}), notes}), WithNotes(1));
  EXPECT_EQ(walk.Rows("notes"), R"({"note":"1.0","_records_id":1,"_records_none":null})");
  EXPECT_THAT(walk.Keys("notes"), ElementsAre("[1,\"1.0\"]"));
}

TEST(RowsTest, FieldsGoDownThroughGenerations) {
  Resource notes = Notes();
  notes.include_from_parent = {"id"};
  Resource words{.name = "words",
                 .path = "words/{resources.notes.note}",
                 .paginator = {.type = Type::kSinglePage},
                 .parent = "notes",
                 .include_from_parent = {"_records_id"}};
  const Walk walk(Job({Records({.type = Type::kPageNumber}), notes, words}),
                  [server = WithNotes(1)](const Request& request) {
                    if (request.target.starts_with("/v1/words"))
                      return FakeAnswer{.body = R"([{"w":1}])"};
                    return server(request);
                  });
  EXPECT_EQ(walk.Rows("words"), R"({"w":1,"_notes__records_id":1})");
}

TEST(RowsTest, ARowWithoutTheFieldHasNoChildrenAndIsNoted) {
  Resource notes = Notes();
  notes.paginator = {.type = Type::kSinglePage};
  const Walk walk(Job({Records(), notes}), [](const Request& request) {
    if (request.target == "/v1/records")
      return FakeAnswer{.body = R"([{"id":null},{"x":1},{"id":7}])"};
    return FakeAnswer{.body = "[]"};
  });
  EXPECT_THAT(walk.asked, ElementsAre("/v1/records", "/v1/records/7/notes"));
  EXPECT_TRUE(walk.HasNote("skipped", "2 records of /v1/records"));
}

TEST(RowsTest, ValuesInPathsAndQueriesAreEncoded) {
  Resource notes = Notes();
  notes.paginator = {.type = Type::kSinglePage};
  notes.params = {{"of", "{resources.records.id}"}};
  const Walk walk(Job({Records(), notes}), [](const Request& request) {
    return FakeAnswer{.body = request.target == "/v1/records" ? R"([{"id":"a/b?c&d"}])" : "[]"};
  });
  EXPECT_EQ(walk.asked.back(), "/v1/records/a%2Fb%3Fc%26d/notes?of=a%2Fb%3Fc%26d");
}

TEST(RowsTest, AParentThatIsNotSelectedGivesNoRows) {
  Resource records = Records({.type = Type::kPageNumber});
  records.selected = false;
  const Walk walk(Job({records, Notes()}), WithNotes(1));
  EXPECT_EQ(walk.Rows("records"), "");
  EXPECT_EQ(walk.Rows("notes"), R"({"note":"1.0"})");
}

TEST(RowsTest, APathThatEndsInAPlaceholderIsOneThing) {
  Resource detail{.name = "detail", .path = "records/{resources.records.id}", .parent = "records"};
  const Walk walk(Job({Records(), detail}), [](const Request& request) {
    if (request.target == "/v1/records") return FakeAnswer{.body = Ids(1, 1)};
    return FakeAnswer{.body = R"({"id":1,"notes":[{"n":1}],"next":"/v1/more"})"};
  });
  EXPECT_EQ(walk.Rows("detail"), R"({"id":1,"notes":[{"n":1}],"next":"/v1/more"})");
  EXPECT_EQ(walk.asked.size(), 2u);
}

TEST(RowsTest, ARecordThatIsListedTwiceHasItsChildrenOnce) {
  Resource records = Keyed({"id"});
  const Walk walk(Job({records, Notes()}), [server = WithNotes(2)](const Request& request) {
    if (request.target == "/v1/records")
      return FakeAnswer{.body = R"([{"id":2},{"id":1},{"id":2}])"};
    return server(request);
  });
  EXPECT_EQ(walk.Rows("notes"), R"({"note":"2.0"} {"note":"2.1"} {"note":"1.0"})");
}

// --- partitions ---------------------------------------------------------------------------------

TEST(RowsTest, EachPartitionIsAListOfItsOwn) {
  Resource resource = Records();
  resource.path = "{partition.kind}/all";
  resource.partitions = {.cursor_field = "kind", .values = {"movies", "shows"}};
  resource.paginator.record_total_path = "total";
  resource.data_selector = "items";
  const Walk walk(Job({resource}), [](const Request& request) {
    return FakeAnswer{.body = fmt::format(R"({{"items":[{{"of":"{}"}}],"total":2}})",
                                          request.target.substr(4, 1))};
  });
  EXPECT_EQ(walk.Rows(), R"({"of":"m"} {"of":"s"})");
  EXPECT_EQ(walk.declared.at("/v1/movies/all"), 2);
  EXPECT_EQ(walk.given.at("/v1/shows/all"), 1);
}

TEST(RowsTest, PartitionsThatDifferInAHeaderOrBodyAreAskedForEach) {
  Resource resource = Records();
  resource.headers = {{"X-Kind", "{partition.kind}"}};
  resource.partitions = {.cursor_field = "kind", .values = {"a", "b"}};
  EXPECT_EQ(Once(resource, Ids(1, 1)).asked.size(), 2u);
  resource.headers.clear();
  resource.method = "POST";
  resource.json = R"({"filter": {"kind": ["{partition.kind}"], "n": 1.50}})";
  EXPECT_THAT(Once(resource, Ids(1, 1)).asked,
              ElementsAre(R"(/v1/records {"filter":{"kind":["a"],"n":1.50}})",
                          R"(/v1/records {"filter":{"kind":["b"],"n":1.50}})"));
}

// --- positions ----------------------------------------------------------------------------------

class ArrivalOrderTest : public testing::TestWithParam<unsigned> {};

TEST_P(ArrivalOrderTest, DoesNotChangeTheOrderOfTheRows) {
  Resource records = Records({.type = Type::kOffset, .limit = 3, .total_path = "total"});
  records.path = "{partition.kind}/records";
  records.partitions = {.cursor_field = "kind", .values = {"a", "b"}};
  Resource notes = Notes();
  notes.path = "notes/{resources.records.id}";
  notes.data_selector = "$";
  const auto server = [](const Request& request) {
    if (request.target.starts_with("/v1/notes/")) {
      const std::int64_t of = std::stoll(request.target.substr(std::string("/v1/notes/").size()));
      const std::int64_t page = NumberParam(request, "page", 0);
      return FakeAnswer{.body = page < of % 3 ? Ids(of * 10 + page, of * 10 + page) : "[]"};
    }
    const std::int64_t base = request.target.starts_with("/v1/a") ? 0 : 100;
    const std::int64_t offset = NumberParam(request, "offset", 0);
    // The last page but one is short, so that gaps are filled as well.
    const std::int64_t count =
        std::min<std::int64_t>(offset == 6 ? 1 : 3, NumberParam(request, "limit", 3));
    return FakeAnswer{.body = fmt::format(R"({{"items":{},"total":11}})",
                                          Ids(base + offset + 1,
                                              base + std::min<std::int64_t>(offset + count, 11)))};
  };
  records.data_selector = "items";
  const Walk in_order(Job({records, notes}), server);
  const Walk shuffled(Job({records, notes}), server, FirstRun(), GetParam());
  EXPECT_EQ(in_order.Rows(), IdRows(1, 11) + " " + IdRows(101, 111));
  EXPECT_EQ(shuffled.Rows(), in_order.Rows());
  EXPECT_EQ(shuffled.Rows("notes"), in_order.Rows("notes"));
  EXPECT_EQ(shuffled.Keys("notes"), in_order.Keys("notes"));
  EXPECT_THAT(shuffled.errors, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArrivalOrderTest, testing::Range(1u, 31u));

TEST(RowsTest, RowsThatOutliveARunStandBehindThoseOfEarlierOnes) {
  Resource resource = Keyed({"id"});
  resource.write_disposition = Disposition::kMerge;
  const auto position = [&](std::int64_t generation) {
    const RestSource source(Job({resource}), nullptr);
    const Request first = source.Open(FirstRun(generation)).documents[0].content[0];
    auto reading = source.Read(first, {.body = Ids(1, 1)}, 0);
    return RowsOf(reading->rows->rows)[0].position;
  };
  EXPECT_LT(position(1), position(2));
  EXPECT_LT(position(255), position(256));
}

}  // namespace
}  // namespace sluice::rest
