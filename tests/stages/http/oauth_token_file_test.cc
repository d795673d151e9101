// The file that keeps tokens: private, whole or refused, never lost half way, one owner at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>

#include "stages/http/token_file.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

const TokenPair kPair{.access_token = "access-canary",
                      .refresh_token = "refresh-canary",
                      .created_at = 1'767'225'600,
                      .expires_in = 86'400,
                      .scope = "public",
                      .belongs_to = "client"};

class TokenFileTest : public testing::Test {
 protected:
  void Store(const TokenPair& pair) {
    auto hold = file_.TryHold();
    ASSERT_TRUE(hold && *hold);
    ASSERT_TRUE((*hold)->Write(pair));
  }
  void Put(std::string_view text, mode_t mode = 0600) {
    WriteFile(path_, text);
    chmod(path_.c_str(), mode);
  }
  std::size_t FilesThere() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_.parent_path()), fs::directory_iterator()));
  }
  static mode_t ModeOf(const fs::path& path) {
    struct stat info {};
    stat(path.c_str(), &info);
    return info.st_mode & 0777;
  }

  TempDir dir_;
  const fs::path path_ = fs::path(dir_ / "config") / "trakt.json";
  const TokenFile file_{path_};
};

TEST_F(TokenFileTest, GivesBackWhatWasStored) {
  Store(kPair);
  EXPECT_EQ(file_.Read().value(), kPair);
}

TEST_F(TokenFileTest, IsPrivateAndSoIsItsFolder) {
  Store(kPair);
  EXPECT_EQ(ModeOf(path_), 0600u);
  EXPECT_EQ(ModeOf(path_.parent_path()), 0700u);
  EXPECT_EQ(FilesThere(), 1u) << "nothing is left beside it";
}

TEST_F(TokenFileTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(file_.Read().error().code, Code::kNotFound);
}

TEST_F(TokenFileTest, AFileThatOthersMayReadIsRefused) {
  Store(kPair);
  for (const mode_t mode : {0640, 0604, 0660, 0644}) {
    chmod(path_.c_str(), mode);
    EXPECT_EQ(file_.Read().error().code, Code::kUsage);
    EXPECT_THAT(file_.Read().error().message, HasSubstr("chmod 600"));
    EXPECT_FALSE(file_.TryHold().has_value());
  }
}

TEST_F(TokenFileTest, AnythingButAFileIsRefused) {
  fs::create_directories(path_);
  EXPECT_EQ(file_.Read().error().code, Code::kUsage);
}

TEST_F(TokenFileTest, ASymbolicLinkStaysOne) {
  const TempDir elsewhere;
  const fs::path target = elsewhere / "tokens.json";
  WriteFile(target, FormatTokens(kPair, TokenForm::kJson));
  chmod(target.c_str(), 0600);
  fs::create_directories(path_.parent_path());
  fs::create_symlink(target, path_);
  TokenPair next = kPair;
  next.refresh_token = "next";
  auto hold = TokenFile(path_).TryHold();
  ASSERT_TRUE(hold && *hold && (*hold)->Write(next));
  EXPECT_TRUE(fs::is_symlink(path_));
  EXPECT_EQ(TokenFile(target).Read().value(), next);
}

TEST_F(TokenFileTest, OnlyOneHoldsIt) {
  Store(kPair);
  auto first = file_.TryHold();
  ASSERT_TRUE(first && *first);
  const auto second = file_.TryHold();
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->has_value());
  first->reset();
  EXPECT_TRUE(file_.TryHold().value().has_value());
}

TEST_F(TokenFileTest, WhoHoldsItNextSeesWhatTheLastOneWrote) {
  Store(kPair);
  TokenPair next = kPair;
  next.access_token = "next";
  Store(next);
  EXPECT_EQ(file_.TryHold().value()->pair(), next);
}

TEST_F(TokenFileTest, AHoldThatWritesNothingChangesNothing) {
  Store(kPair);
  { const auto hold = file_.TryHold(); }
  EXPECT_EQ(file_.Read().value(), kPair);
  EXPECT_EQ(FilesThere(), 1u);
}

TEST_F(TokenFileTest, WhatACrashLeftBesideItDoesNoHarm) {
  Store(kPair);
  WriteFile(path_.string() + ".new", "half a tok");
  EXPECT_EQ(file_.Read().value(), kPair);
  Store(kPair);
  EXPECT_EQ(file_.Read().value(), kPair);
  EXPECT_EQ(FilesThere(), 1u);
}

TEST_F(TokenFileTest, ALineIsARefreshTokenAndStaysALine) {
  fs::create_directories(path_.parent_path());
  Put("refresh-canary\r\nand a note\n");
  EXPECT_EQ(file_.Read().value(), TokenPair{.refresh_token = "refresh-canary"});
  Store(TokenPair{.access_token = "access", .refresh_token = "next"});
  EXPECT_EQ(ReadFile(path_), "next\n");
}

TEST_F(TokenFileTest, AFolderThatCannotBeWrittenShowsBeforeAnythingIsSpent) {
  WriteFile(dir_ / "config", "a file where the folder should be");
  const auto hold = file_.TryHold();
  ASSERT_FALSE(hold.has_value());
  EXPECT_EQ(hold.error().code, Code::kDisk);
}

TEST_F(TokenFileTest, ARefusalNamesTheFileAndNoToken) {
  fs::create_directories(path_.parent_path());
  Put(FormatTokens(kPair, TokenForm::kJson) + "}");
  const Error error = file_.Read().error();
  EXPECT_EQ(error.code, Code::kUnauthorized);
  EXPECT_THAT(error.message, HasSubstr("trakt.json"));
  EXPECT_THAT(error.message, Not(HasSubstr("canary")));
}

// The property: a damaged text is refused or gives the pair that was stored, never another.
TEST(TokenDamageTest, EveryTruncationIsRefused) {
  const std::string whole = FormatTokens(kPair, TokenForm::kJson);
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(ParseTokens(whole.substr(0, size)).has_value()) << size;
  }
}

TEST(TokenDamageTest, NoChangedByteGivesOtherTokens) {
  const std::string whole = FormatTokens(kPair, TokenForm::kJson);
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      TokenForm form = TokenForm::kJson;
      const auto pair = ParseTokens(damaged, &form);
      if (form == TokenForm::kLine) continue;  // the very first byte: no brace, no JSON
      refused += pair ? 0 : 1;
      EXPECT_EQ(pair.value_or(kPair), kPair) << "byte " << i << " bit " << bit;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(TokenDamageTest, NoRunOfZeroesOrNoiseGivesOtherTokens) {
  const std::string whole = FormatTokens(kPair, TokenForm::kJson);
  std::mt19937 rng(1);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    const std::size_t from = 1 + rng() % (whole.size() - 1);
    const std::size_t size = std::min<std::size_t>(1 + rng() % 64, whole.size() - from);
    for (std::size_t i = from; i < from + size; ++i) {
      damaged[i] = round % 2 == 0 ? '\0' : static_cast<char>(rng());
    }
    const auto pair = ParseTokens(damaged);
    EXPECT_EQ(pair.value_or(kPair), kPair) << round;
  }
}

}  // namespace
}  // namespace sluice
