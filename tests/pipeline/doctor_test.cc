#include "pipeline/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "storage/run_lock.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Level = Finding::Level;

Finding Failed(Code code) {
  return {.level = Level::kFail, .check = "c", .what = "w", .code = code};
}

const Finding* Named(const Findings& findings, std::string_view check) {
  for (const Finding& finding : findings) {
    if (finding.check == check) return &finding;
  }
  ADD_FAILURE() << "no check '" << check << "'";
  static const Finding none{.level = Level::kFail, .what = "no such check"};
  return &none;
}

TEST(DoctorTest, WarningsAreNoFailure) {
  EXPECT_EQ(WorstExitCode({}), ExitCode::kComplete);
  EXPECT_EQ(WorstExitCode({{.level = Level::kWarn, .check = "c", .code = Code::kDisk}}),
            ExitCode::kComplete);
}

TEST(DoctorTest, TheWorstFailureGivesTheExitCode) {
  EXPECT_EQ(WorstExitCode({Failed(Code::kNetwork), Failed(Code::kDisk), Failed(Code::kUsage)}),
            ExitCode::kDisk);
  EXPECT_EQ(WorstExitCode({Failed(Code::kUsage), Failed(Code::kDamaged)}), ExitCode::kDamaged);
  EXPECT_EQ(WorstExitCode({Failed(Code::kInvalid)}), ExitCode::kIncomplete);
}

TEST(DoctorTest, OneLineACheckAndTheNextStep) {
  const Findings findings = {
      {.check = "disk", .what = "84 GB"},
      {.level = Level::kWarn, .check = "lock", .what = "held", .next = "wait"}};
  EXPECT_EQ(DoctorText(findings),
            "ok    disk             84 GB\n"
            "warn  lock             held; wait\n"
            "2 checks: 1 ok, 1 to be known, 0 failed\n");
}

TEST(DoctorTest, JsonNamesTheClassOfAFailure) {
  const auto json = nlohmann::json::parse(DoctorJson({Failed(Code::kDisk)}));
  EXPECT_EQ(json.at("ok"), false);
  EXPECT_EQ(json.at("exit_code"), 4);
  EXPECT_EQ(json.at("checks").at(0).at("class"), "disk");
}

TEST(DoctorTest, EveryProblemOfAJobIsALineOfItsOwn) {
  const Findings one = JobProblems({Code::kUsage, "wiki.toml: there is no such file"});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(WorstExitCode(one), ExitCode::kUsage);
  const Findings two = JobProblems({Code::kUsage, "2 problems\na.toml:1: x\na.toml:2: y"});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].what, "a.toml:1: x");
}

TEST(DoctorTest, EnvironmentNamesTheLibraries) {
  const Findings findings = CheckEnvironment();
  EXPECT_THAT(Named(findings, "libraries")->what, HasSubstr("SQLite 3."));
  EXPECT_THAT(Named(findings, "libcurl")->what, HasSubstr("SSL"));
}

class DoctorFolderTest : public testing::Test {
 protected:
  std::filesystem::path State() const { return temp_ / "out/.sluice/state.db"; }
  void MakeStateDir() {
    std::filesystem::create_directories(temp_ / "out/.sluice");
    chmod((temp_ / "out/.sluice").c_str(), 0700);
  }
  Findings Folder() const { return CheckOutputFolder(temp_ / "out"); }
  Findings Health() const { return CheckStateHealth(temp_ / "out"); }

  TempDir temp_;
  FakeClock clock_;
};

TEST_F(DoctorFolderTest, AFolderThatIsNotThereIsJudgedByItsParentAndNotCreated) {
  EXPECT_THAT(Named(Folder(), "output folder")->what, HasSubstr("will be created"));
  EXPECT_FALSE(std::filesystem::exists(temp_ / "out"));
  EXPECT_THAT(Health(), IsEmpty());
}

TEST_F(DoctorFolderTest, AFileInThePlaceOfTheFolderFails) {
  std::ofstream(temp_ / "out") << "x";
  const Findings findings = Folder();
  EXPECT_EQ(Named(findings, "output folder")->level, Level::kFail);
  EXPECT_EQ(WorstExitCode(findings), ExitCode::kDisk);
}

TEST_F(DoctorFolderTest, AStateThatOthersMayReadIsToBeKnown) {
  MakeStateDir();
  EXPECT_EQ(Named(Folder(), "file modes")->level, Level::kOk);
  std::ofstream(State()) << "";
  chmod(State().c_str(), 0644);
  const Findings findings = Folder();
  EXPECT_EQ(Named(findings, "file modes")->level, Level::kWarn);
  EXPECT_THAT(Named(findings, "file modes")->what, HasSubstr("state.db 0644"));
  EXPECT_THAT(Named(findings, "file modes")->next, HasSubstr("chmod"));
}

TEST_F(DoctorFolderTest, WhoHoldsTheRunLockIsNamed) {
  MakeStateDir();
  std::ofstream(State()) << "";
  EXPECT_EQ(Named(Health(), "run lock")->what, "free");
  const auto lock = RunLock::Acquire(temp_ / "out/.sluice", clock_, std::chrono::milliseconds(0));
  ASSERT_TRUE(lock);
  EXPECT_THAT(Named(Health(), "run lock")->what,
              HasSubstr("held by pid " + std::to_string(getpid())));
}

TEST_F(DoctorFolderTest, LookingDoesNotTakeTheRunLock) {
  MakeStateDir();
  std::ofstream(State()) << "";
  Health();
  EXPECT_TRUE(RunLock::Acquire(temp_ / "out/.sluice", clock_, std::chrono::milliseconds(0)));
}

TEST_F(DoctorFolderTest, WhatIsNoStateIsDamage) {
  MakeStateDir();
  std::ofstream(State()) << std::string(8192, 'x');
  const Findings findings = Health();
  EXPECT_EQ(Named(findings, "state")->level, Level::kFail);
  EXPECT_EQ(WorstExitCode(findings), ExitCode::kDamaged);
}

}  // namespace
}  // namespace sluice
