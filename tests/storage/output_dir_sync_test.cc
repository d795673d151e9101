// What the kernel sees of Publish(): this binary runs one of its own tests again under strace.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "storage/output_dir.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

OutputFile File(std::string path) {
  return {.path = std::move(path), .content = "x", .bytes = 1, .sha256 = Sha256Hex("x")};
}

// Disabled: only meant to be run by the tests below, under strace.
TEST(TracedPublish, DISABLED_PublishesFewThenMany) {
  TempDir temp;
  OutputDir dir = OutputDir::Open(temp / "out").value();
  const OutputFile few = File("few");
  ASSERT_TRUE(dir.Publish({&few, 1}));
  std::vector<OutputFile> many;
  for (int i = 0; i < 20; ++i) many.push_back(File("many" + std::to_string(i)));
  ASSERT_TRUE(dir.Publish(many));
}

TEST(TracedPublish, DISABLED_IsRefusedAfterAFailedSync) {
  TempDir temp;
  OutputDir dir = OutputDir::Open(temp / "out").value();
  std::vector<OutputFile> many;
  for (int i = 0; i < 8; ++i) many.push_back(File("f" + std::to_string(i)));
  ASSERT_FALSE(dir.Publish(many));
  const Status second = dir.Publish(many);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("an earlier fsync failed"), std::string::npos);
}

struct Traced {
  int exit_status;
  std::string calls;  // one letter each: f fsync, s syncfs, r rename
};

Traced Trace(const std::string& test, const std::string& options) {
  TempDir temp;
  const std::string log = temp / "log";
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  // LeakSanitizer cannot look into a traced program, and ends it with an error.
  const std::string command = "ASAN_OPTIONS=detect_leaks=0 strace -f -o '" + log + "' " + options +
                              " '" + self + "' --gtest_also_run_disabled_tests --gtest_filter='*" +
                              test + "' >/dev/null 2>&1";
  Traced traced{.exit_status = std::system(command.c_str())};
  if (!std::filesystem::exists(log)) return traced;
  std::istringstream lines(ReadFile(log));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" fsync(") != line.npos) traced.calls += 'f';
    if (line.find(" syncfs(") != line.npos) traced.calls += 's';
    if (line.find(" renameat(") != line.npos) traced.calls += 'r';
  }
  return traced;
}

bool StraceWorks() { return std::system("strace -o /dev/null true >/dev/null 2>&1") == 0; }

TEST(TracedPublish, DataIsSyncedBeforeTheRenameAndTheFolderAfterIt) {
  if (!StraceWorks()) GTEST_SKIP() << "strace is missing or may not trace";
  const Traced traced = Trace("PublishesFewThenMany", "-e trace=fsync,syncfs,renameat");
  EXPECT_EQ(traced.exit_status, 0);
  // Open: its parent and the root. Few: file, rename, root. Many: syncfs, 20 renames, root.
  EXPECT_EQ(traced.calls,
            "ff"
            "frf"
            "s" +
                std::string(20, 'r') + "f");
}

TEST(TracedPublish, FailedSyncRefusesEveryLaterPublish) {
  if (!StraceWorks()) GTEST_SKIP() << "strace is missing or may not trace";
  const Traced traced =
      Trace("IsRefusedAfterAFailedSync", "-e trace=syncfs -e inject=syncfs:error=EIO:when=1");
  EXPECT_EQ(traced.exit_status, 0);
  EXPECT_EQ(traced.calls, "s");
}

}  // namespace
}  // namespace sluice
