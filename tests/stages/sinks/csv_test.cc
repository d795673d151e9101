#include "stages/sinks/csv.h"

#include <gtest/gtest.h>

#include "tests/support/fake_inputs.h"

namespace sluice {
namespace {

std::string Row(const std::vector<std::string>& cells, CsvOptions::Formulas formulas) {
  StringSink out;
  CsvWriter(out, {.bom = CsvOptions::Bom::kNone, .formulas = formulas}).Row(cells);
  return out.text;
}

TEST(CsvTest, QuotesOnlyWhatMustBeQuoted) {
  EXPECT_EQ(Row({"plain", "a,b", "say \"x\"", "two\nlines", ""}, CsvOptions::Formulas::kAsTheyAre),
            "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\r\n");
}

TEST(CsvTest, BlanksAtTheEndsAreQuoted) {
  EXPECT_EQ(Row({" a", "b ", "c d", "\te"}, CsvOptions::Formulas::kAsTheyAre),
            "\" a\",\"b \",c d,\"\te\"\r\n");
}

TEST(CsvTest, BeginsWithAByteOrderMarkWhereAsked) {
  StringSink out;
  CsvWriter(out, {.bom = CsvOptions::Bom::kUtf8});
  EXPECT_EQ(out.text, "\xEF\xBB\xBF");
}

TEST(CsvTest, NeutralisesFormulasButNotNumbers) {
  const auto safe = [](const std::string& cell) {
    return Row({cell}, CsvOptions::Formulas::kNeutralised);
  };
  EXPECT_EQ(safe("=1+1"), "'=1+1\r\n");
  EXPECT_EQ(safe("@cmd"), "'@cmd\r\n");
  EXPECT_EQ(safe("-x"), "'-x\r\n");
  EXPECT_EQ(safe("+-1"), "'+-1\r\n");
  EXPECT_EQ(safe("\tx"), "'\tx\r\n");
  EXPECT_EQ(safe("-12.5"), "-12.5\r\n");
  EXPECT_EQ(safe("+49"), "+49\r\n");
  EXPECT_EQ(safe("-1e5"), "-1e5\r\n");
}

TEST(CsvTest, KeepsFormulasUnlessAsked) {
  EXPECT_EQ(Row({"=1+1"}, CsvOptions::Formulas::kAsTheyAre), "=1+1\r\n");
}

}  // namespace
}  // namespace sluice
