#include "stages/http/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

// What must never stand in a message.
constexpr const char* kCanary = "secret_canary_4711";

class Secrets : public testing::Test {
 protected:
  std::string FileWith(std::string_view content, mode_t mode) {
    const auto path = dir_ / "token";
    WriteFile(path, content);
    chmod(path.c_str(), mode);
    return "file:" + path.string();
  }
  static void ExpectRefused(const std::string& reference, std::string_view hint) {
    const Result<std::string> secret = ResolveSecret(reference);
    ASSERT_FALSE(secret.has_value()) << reference;
    EXPECT_EQ(secret.error().code, Code::kUsage);
    EXPECT_NE(secret.error().message.find(hint), std::string::npos) << secret.error().message;
    EXPECT_EQ(secret.error().message.find(kCanary), std::string::npos) << secret.error().message;
  }

  TempDir dir_;
};

TEST_F(Secrets, ComeFromTheEnvironment) {
  setenv("SLUICE_TEST_TOKEN", kCanary, 1);
  EXPECT_EQ(ResolveSecret("env:SLUICE_TEST_TOKEN").value(), kCanary);
}

TEST_F(Secrets, UnsetOrEmptyVariablesAreNamed) {
  setenv("SLUICE_TEST_EMPTY", "", 1);
  ExpectRefused("env:SLUICE_TEST_UNSET", "SLUICE_TEST_UNSET");
  ExpectRefused("env:SLUICE_TEST_EMPTY", "empty");
}

TEST_F(Secrets, ComeFromAPrivateFileWithoutItsLineEnd) {
  EXPECT_EQ(ResolveSecret(FileWith(std::string(kCanary) + "\r\n", 0600)).value(), kCanary);
}

TEST_F(Secrets, FilesThatOthersMayReadAreRefused) {
  for (const mode_t mode : {0640, 0604, 0660, 0644}) {
    ExpectRefused(FileWith(kCanary, mode), "chmod 600");
  }
}

TEST_F(Secrets, FilesThatAreMissingOrNoFilesAreRefused) {
  ExpectRefused("file:" + (dir_ / "absent").string(), "No such file");
  ExpectRefused("file:" + dir_.path().string(), "not a regular file");
  ExpectRefused(FileWith("", 0600), "empty");
}

TEST_F(Secrets, ComeFromTheFirstLineOfACommand) {
  EXPECT_EQ(ResolveSecret("cmd:printf 'first\\nsecond\\n'").value(), "first");
}

TEST_F(Secrets, CommandsThatFailAreRefusedWhateverTheyPrint) {
  ExpectRefused("cmd:echo " + std::string(kCanary) + "; exit 3", "exit 3");
  ExpectRefused("cmd:true", "empty");
}

TEST_F(Secrets, LiteralTokensAreRefusedAndNotRepeated) {
  for (const auto& literal : std::vector<std::string>{
           std::string(kCanary), "Bearer:" + std::string(kCanary),
           "https://" + std::string(kCanary), std::string("env:"), std::string()}) {
    ExpectRefused(literal, "literal token");
  }
}

}  // namespace
}  // namespace sluice
