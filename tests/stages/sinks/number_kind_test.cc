#include <gtest/gtest.h>

#include "stages/sinks/shape.h"

namespace sluice {
namespace {

TEST(NumberKindTest, IntegersFitIntoSixtyFourBits) {
  for (const char* number :
       {"0", "-0", "1", "999999999999999999", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_EQ(KindOfNumber(number), Shape::kInteger) << number;
  }
  for (const char* number :
       {"9223372036854775808", "-9223372036854775809", "1234567890123456789012345"}) {
    EXPECT_EQ(KindOfNumber(number), Shape::kDigits) << number;
  }
}

TEST(NumberKindTest, DecimalsSurviveADoubleOrAreDigits) {
  for (const char* number :
       {"0.0", "-0.0", "0e9", "0.1", "0.10", "-1.50e+3", "1e300", "1E-300", "123456789.012345",
        "5e-324", "1.7976931348623157e308", "0.30000000000000004", "1e22", "100000.000e-3"}) {
    EXPECT_EQ(KindOfNumber(number), Shape::kDecimal) << number;
  }
  for (const char* number :
       {"1e-400", "0.1234567890123456789", "9007199254740993.0", "0.300000000000000041",
        "123456789012345678901234567890.5", "1.79769313486231571e308", "2.5e-324", "1e-99999999999",
        "0.0000000000000000000000000000012345678901234567891"}) {
    EXPECT_EQ(KindOfNumber(number), Shape::kDigits) << number;
  }
}

}  // namespace
}  // namespace sluice
