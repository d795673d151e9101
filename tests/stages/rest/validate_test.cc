#include "stages/sources/rest/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/stages/rest/rest_test.h"

namespace sluice::rest {
namespace {

using testing::HasSubstr;

std::string Problems(std::vector<Resource> resources) {
  const auto status = ValidateSpec(Job(std::move(resources)));
  return status ? "none" : status.error().message;
}

Resource Child() {
  return {.name = "notes", .path = "records/{resources.records.id}/notes", .parent = "records"};
}

TEST(ValidateTest, AJobThatCanWorkHasNoProblems) {
  EXPECT_EQ(Problems({Records(), Child()}), "none");
}

TEST(ValidateTest, AllProblemsAreNamedAtOnce) {
  Resource merged = Records();
  merged.write_disposition = Disposition::kMerge;
  Resource bad_name = Records();
  bad_name.name = "a/b";
  EXPECT_EQ(Problems({merged, bad_name}),
            "resource 'a/b': a name consists of letters, digits, '_' and '-', at most 100\n"
            "resource 'records': write_disposition merge needs a primary_key");
}

TEST(ValidateTest, UnknownPlaceholdersAreNamed) {
  Resource resource = Records();
  resource.params = {{"x", "{incremental.start}"}};
  EXPECT_THAT(Problems({resource}), HasSubstr("{incremental.start} is no placeholder"));
  resource.params = {{"x", "{partition.kind}"}};
  EXPECT_THAT(Problems({resource}), HasSubstr("{partition.kind} is no placeholder"));
  resource.params = {{"x", "{incremental.start_value}"}};
  EXPECT_THAT(Problems({resource}), HasSubstr("needs incremental"));
  resource.params = {{"x", "{open"}};
  EXPECT_THAT(Problems({resource}), HasSubstr("'{open'"));
}

TEST(ValidateTest, ParentsAreKnownAndComeFirst) {
  EXPECT_THAT(Problems({Child()}), HasSubstr("there is no resource 'records', its parent"));
  EXPECT_THAT(Problems({Child(), Records()}), HasSubstr("stands before its parent"));
  Resource loop = Records();
  loop.path = "x/{resources.notes.id}";
  loop.parent = "notes";
  EXPECT_THAT(Problems({loop, Child()}), HasSubstr("is below itself"));
  Resource other = Child();
  other.params = {{"x", "{resources.users.id}"}};
  EXPECT_THAT(Problems({Records(), other}), HasSubstr("a resource has one parent"));
}

TEST(ValidateTest, NamesAndFilesAreUnique) {
  EXPECT_THAT(Problems({Records(), Records()}), HasSubstr("there are two of that name"));
  Resource other = Records();
  other.name = "others";
  other.table_name = "RECORDS";
  EXPECT_THAT(Problems({Records(), other}), HasSubstr("the same file or table as 'records'"));
  other.output.format = Format::kCsv;
  EXPECT_EQ(Problems({Records(), other}), "none");
}

TEST(ValidateTest, PathsAreChecked) {
  Resource resource = Records();
  resource.data_selector = "a[?x]";
  resource.primary_key = {"a..b"};
  EXPECT_THAT(Problems({resource}), HasSubstr("'a[?x]'"));
  EXPECT_THAT(Problems({resource}), HasSubstr("'a..b'"));
}

TEST(ValidateTest, APathHasAValueFromTheFirstRunOn) {
  Resource resource = Records();
  resource.primary_key = {"id"};
  resource.incremental.cursor_path = "at";
  resource.path = "since/{incremental.start_value}";
  EXPECT_THAT(Problems({resource}), HasSubstr("has no value in a first run"));
  resource.incremental.initial_value = "1";
  EXPECT_EQ(Problems({resource}), "none");
}

TEST(ValidateTest, ASplitNeedsACursorAKeyAndAWayToGoOn) {
  Resource resource = Records();
  resource.incremental.split_limit = 1000;
  EXPECT_THAT(Problems({resource}), HasSubstr("split_limit needs incremental.cursor_path and a"));
  EXPECT_THAT(Problems({resource}), HasSubstr("split_limit needs start_param"));
}

TEST(ValidateTest, PaginatorsHaveAnEnd) {
  Resource resource = Records({.type = Paginator::Type::kOffset, .stop_after_empty_page = false});
  EXPECT_THAT(Problems({resource}), HasSubstr("its paginator has no end"));
  resource.paginator.total_path = "total";
  EXPECT_EQ(Problems({resource}), "none");
}

TEST(ValidateTest, BelowAnIncrementalResourceNothingIsLostInSilence) {
  Resource parent = Records();
  parent.primary_key = {"id"};
  parent.write_disposition = Disposition::kMerge;
  parent.incremental.cursor_path = "at";
  EXPECT_THAT(Problems({parent, Child()}), HasSubstr("rows of the rest would be lost"));
  Resource child = Child();
  child.primary_key = {"id"};
  child.write_disposition = Disposition::kMerge;
  EXPECT_EQ(Problems({parent, child}), "none");
  child.incremental.cursor_path = "at";
  EXPECT_THAT(Problems({parent, child}), HasSubstr("leave incremental to one of them"));
}

TEST(ValidateTest, AnotherHostIsNotPartOfThePath) {
  Resource resource = Records();
  resource.path = "https://evil.test/records";
  EXPECT_THAT(Problems({resource}), HasSubstr("another host"));
  resource.path = "https://api.test/v2/records";
  EXPECT_EQ(Problems({resource}), "none");
}

}  // namespace
}  // namespace sluice::rest
