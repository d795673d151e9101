#include "storage/state_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class StateJobTest : public testing::Test {
 protected:
  void Begin(const Opening& opening) {
    auto store = Store::Open(File(), {.fingerprint = "rest abc"}, clock_, [](const OutputRow&) {
                   return true;
                 }).value();
    ASSERT_TRUE(store->BeginRun([&](const LastRun&) { return opening; }));
  }
  std::filesystem::path File() const { return dir_ / "state.db"; }

  TempDir dir_;
  FakeClock clock_;
};

TEST_F(StateJobTest, KnowsTheSourceOfTheLastJob) {
  Begin({});
  EXPECT_EQ(ReadStateJob(File())->source(), "rest");
  EXPECT_EQ(ReadStateJob(File())->fingerprint, "rest abc");
}

TEST_F(StateJobTest, NamesWhatTheJobNames) {
  Begin({.documents = {{.id = DocumentId("notes"),
                        .kind = "resource",
                        .place = Place::kTop,
                        .title = "notes",
                        .object = "{}",
                        .collection = CollectionSpec{}},
                       {.id = DocumentId("file:notes.csv"),
                        .kind = "file",
                        .place = Place::kTop,
                        .title = "notes.csv",
                        .name = "notes",
                        .extension = ".csv",
                        .object = "{}",
                        .needs = {DocumentId("notes")}},
                       {.id = DocumentId("page"),
                        .kind = "page",
                        .place = Place::kTop,
                        .title = "a page",
                        .object = "{}"}}});
  EXPECT_THAT(ReadStateJob(File())->parts, ElementsAre("notes", "notes.csv"));
}

TEST_F(StateJobTest, WhatCannotBeReadIsLeftToTheRun) {
  EXPECT_FALSE(ReadStateJob(File()));
  std::ofstream(File()) << "no database at all";
  EXPECT_FALSE(ReadStateJob(File()));
}

}  // namespace
}  // namespace sluice
