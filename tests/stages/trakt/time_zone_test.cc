// The expected values are what GNU `date` says: TZ=Europe/Berlin date -d @1767225600 +%F.
#include "stages/sources/trakt/time_zone.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>


namespace sluice::trakt {
namespace {

struct Known {
  const char* zone;
  std::int64_t unix_s;
  std::int64_t offset_s;
  const char* date;
};

class TimeZoneTest : public testing::TestWithParam<Known> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/share/zoneinfo/UTC")) GTEST_SKIP() << "no tz database";
  }
};

TEST_P(TimeZoneTest, OffsetAndDateAreThoseOfTheSystem) {
  const Known& known = GetParam();
  const auto zone = TimeZone::Load(known.zone);
  ASSERT_TRUE(zone.has_value()) << zone.error().message;
  EXPECT_EQ(zone->OffsetAt(known.unix_s), known.offset_s);
  EXPECT_EQ(zone->DateAt(known.unix_s * 1000), known.date);
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(Zones, TimeZoneTest, testing::Values(
    Known{"UTC", 1767225599, 0, "2025-12-31"},
    Known{"America/Los_Angeles", 1751259600, -25200, "2025-06-29"},   // PDT, an evening
    Known{"America/Los_Angeles", 1735714800, -28800, "2024-12-31"},   // PST
    Known{"America/Los_Angeles", 1741514399, -28800, "2025-03-09"},   // the second before summer
    Known{"America/Los_Angeles", 1741514400, -25200, "2025-03-09"},
    Known{"America/Los_Angeles", 2540246400, -25200, "2050-06-30"},   // by the footer
    Known{"America/Los_Angeles", -1830384000, -28800, "1911-12-31"},
    Known{"Europe/Berlin", 1751320800, 7200, "2025-07-01"},
    Known{"Europe/Berlin", 4070905200, 3600, "2099-01-01"},
    Known{"Asia/Kolkata", 1767205800, 19800, "2026-01-01"},
    Known{"Asia/Kolkata", 1767205799, 19800, "2025-12-31"},
    Known{"Australia/Lord_Howe", 1751292000, 37800, "2025-07-01"},    // summer is half an hour
    Known{"Australia/Lord_Howe", 2540246400, 37800, "2050-07-01"},
    Known{"Australia/Lord_Howe", 2555000000, 39600, "2050-12-19"},
    Known{"Pacific/Apia", 1325239199, -36000, "2011-12-29"},          // no 30 December 2011
    Known{"Pacific/Apia", 1325239200, 50400, "2011-12-31"},
    Known{"America/Nuuk", 4080000000, -3600, "2099-04-16"}));         // changes at a negative time
// clang-format on

// What `date` of this system says about that instant; empty: it cannot be asked.
std::string AskDate(const std::string& zone, std::int64_t unix_s) {
  const std::string command =
      "TZ=" + zone + " date -d @" + std::to_string(unix_s) + " '+%F %::z' 2>/dev/null";
  std::array<char, 64> line{};
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  const bool read = std::fgets(line.data(), line.size(), pipe) != nullptr;
  pclose(pipe);
  std::string text = read ? line.data() : "";
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST_F(TimeZoneTest, AgreesWithTheSystemAtManyInstants) {
  constexpr std::array kZones = {"America/Los_Angeles", "Europe/Berlin",    "Asia/Kolkata",
                                 "Australia/Lord_Howe", "Pacific/Apia",     "Africa/Casablanca",
                                 "Europe/Dublin",       "America/Santiago", "Asia/Gaza"};
  int compared = 0;
  for (const char* name : kZones) {
    const auto zone = TimeZone::Load(name);
    ASSERT_TRUE(zone.has_value()) << name;
    for (std::int64_t unix_s = -900'000'000; unix_s < 4'000'000'000; unix_s += 213'456'789) {
      const std::string known = AskDate(name, unix_s);
      if (known.empty()) GTEST_SKIP() << "date cannot be asked";
      const std::int64_t offset = zone->OffsetAt(unix_s);
      char text[16];
      std::snprintf(text, sizeof text, "%c%02d:%02d:%02d", offset < 0 ? '-' : '+',
                    static_cast<int>(std::abs(offset) / 3600),
                    static_cast<int>(std::abs(offset) / 60 % 60),
                    static_cast<int>(std::abs(offset) % 60));
      EXPECT_EQ(zone->DateAt(unix_s * 1000) + " " + text, known) << name << " @" << unix_s;
      ++compared;
    }
  }
  EXPECT_GT(compared, 150);
}

TEST(TimeZoneNameTest, UnknownNamesAreRefusedAndNamed) {
  for (const char* name : {"Europe/Berlln", "", "/etc/passwd", "../../../etc/passwd", "Europe"}) {
    const auto zone = TimeZone::Load(name);
    ASSERT_FALSE(zone.has_value()) << name;
    EXPECT_EQ(zone.error().code, Code::kUsage);
    EXPECT_NE(zone.error().message.find(name), std::string::npos);
  }
}

TEST(TimeZoneNameTest, UtcNeedsNoDatabase) {
  const auto zone = TimeZone::Load("UTC", "/nowhere");
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->DateAt(-1), "1969-12-31");
}

TEST(TimeZoneFileTest, FileThatIsCutIsRefused) {
  std::string whole = "TZif2";
  whole.resize(44, '\0');
  EXPECT_FALSE(TimeZone::Parse(whole).has_value());
  EXPECT_FALSE(TimeZone::Parse("TZif").has_value());
  EXPECT_FALSE(TimeZone::Parse("").has_value());
}

TEST(YearlyRuleTest, ReadsEveryForm) {
  const auto berlin = ParseYearlyRule("CET-1CEST,M3.5.0,M10.5.0/3");
  ASSERT_TRUE(berlin.has_value());
  EXPECT_EQ(berlin->standard_s, 3600);
  EXPECT_EQ(berlin->summer_s, 7200);
  EXPECT_EQ(berlin->to_standard.time_s, 10'800);
  const auto nuuk = ParseYearlyRule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
  ASSERT_TRUE(nuuk.has_value());
  EXPECT_EQ(nuuk->to_summer.time_s, -3600);
  EXPECT_TRUE(ParseYearlyRule("XXX3EDT4,0/0,J365/23").has_value());
  EXPECT_EQ(ParseYearlyRule("IST-5:30")->standard_s, 19'800);
}

TEST(YearlyRuleTest, RefusesWhatIsNone) {
  for (const char* text : {"", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1 ", "<CET-1",
                           "CET-1CEST,M3.0.0,M10.5.0", "CET-200"}) {
    EXPECT_FALSE(ParseYearlyRule(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sluice::trakt
