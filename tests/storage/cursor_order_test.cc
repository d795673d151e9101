#include "storage/base/cursor_order.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

// Each lies before the next, in every pair.
class CursorOrderTest : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(CursorOrderTest, EachLiesBeforeTheNext) {
  const auto& values = GetParam();
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_EQ(CursorLess(values[i], values[j]), i < j) << values[i] << " and " << values[j];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, CursorOrderTest,
    testing::Values(std::vector<std::string>{"", "-10", "-9.5", "0", "0.10", "0.2", "9", "10",
                                             "9007199254740993", "9007199254740994",
                                             "1234567890123456789012345"},
                    std::vector<std::string>{"2023-12-31", "2024-01-01T00:30:00+01:00",
                                             "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.25Z",
                                             "2024-01-01T00:00:00.3Z", "2024-01-01T00:00:01",
                                             "2024-01-01 00:00:02Z", "2024-01-01T00:00:00-0500"},
                    std::vector<std::string>{"a", "a1", "b"}));

TEST(CursorEqualTest, TheSameInstantInTwoZonesIsNeitherBeforeNorAfter) {
  EXPECT_FALSE(CursorLess("2024-05-01T10:00:00Z", "2024-05-01T12:00:00+02:00"));
  EXPECT_FALSE(CursorLess("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"));
  EXPECT_FALSE(CursorLess("1.50", "1.5"));
}

}  // namespace
}  // namespace sluice
