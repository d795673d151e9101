// Bodies, and the rows of an answer: in memory while they are few, in a file beyond.
#include "storage/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "storage/packed_body.h"
#include "storage/row_spool.h"
#include "tests/support/rows.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

class BodyTest : public testing::Test {
 protected:
  // Incompressible, so that its packed form is long, too.
  static std::string Noise(std::size_t bytes) {
    std::mt19937_64 random(1);
    std::string text(bytes, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }
  Body Written(const std::string& text, const SpillDir* spill, std::size_t piece = 16'384) {
    BodyWriter writer(spill);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      EXPECT_TRUE(writer.Append(std::string_view(text).substr(at, piece)));
    }
    return writer.Finish().value();
  }
  Body Unpacked(std::string_view packed, std::size_t part) {
    Unpacker unpacker(&spill_);
    for (std::size_t at = 0; at < packed.size(); at += part) {
      EXPECT_TRUE(unpacker.Add(packed.substr(at, part), std::size_t{1} << 30));
    }
    return unpacker.Finish().value();
  }

  TempDir dir_;
  const SpillDir spill_{dir_.path()};
  const std::string long_text_ = Noise(3 * kBodyInMemoryMax + 17);
};

TEST_F(BodyTest, FewBytesStayInMemory) {
  const std::string text(kBodyInMemoryMax, 'x');
  const Body body = Written(text, &spill_);
  EXPECT_TRUE(body.in_memory());
  EXPECT_EQ(body, text);
}

TEST_F(BodyTest, ManyBytesLieInAFileWithoutAName) {
  const Body body = Written(long_text_, &spill_);
  EXPECT_FALSE(body.in_memory());
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
  EXPECT_EQ(body, long_text_);
}

TEST_F(BodyTest, WithoutAFolderEverythingStaysInMemory) {
  EXPECT_TRUE(Written(long_text_, nullptr).in_memory());
}

TEST_F(BodyTest, WhatWasReleasedIsThereWhenItIsReadAgain) {
  const Body body = Written(long_text_, &spill_);
  body.view().Release(0, body.size());
  EXPECT_EQ(body, long_text_);
}

TEST_F(BodyTest, ReleaseLeavesMemoryAlone) {
  const Body body = Written("as it is", &spill_);
  body.view().Release(0, body.size());
  EXPECT_EQ(body, "as it is");
}

TEST_F(BodyTest, CopyOfALongOneOutlivesIt) {
  Body copy;
  {
    const Body body = Written(long_text_, &spill_);
    copy = body;
  }
  EXPECT_EQ(copy, long_text_);
}

TEST_F(BodyTest, FolderThatIsGoneIsADiskErrorThatNamesIt) {
  const SpillDir gone(dir_ / "gone");
  BodyWriter writer(&gone);
  const Status status = writer.Append(long_text_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDisk);
  EXPECT_THAT(status.error().message, testing::HasSubstr(gone.folder().string()));
  EXPECT_FALSE(writer.Finish());
}

// --- packed ---

TEST_F(BodyTest, PackedAndUnpackedIsTheSame) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, kBodyInMemoryMax,
                                  kBodyInMemoryMax + 1, long_text_.size()}) {
    const Body plain = Written(long_text_.substr(0, bytes), &spill_);
    const Body packed = Pack(plain.view(), &spill_).value();
    EXPECT_EQ(Unpacked(packed.view().text(), 100'000), plain) << bytes << " bytes";
  }
}

TEST_F(BodyTest, LongPackedBodyLiesInAFile) {
  EXPECT_FALSE(Pack(BodyView(long_text_), &spill_)->in_memory());
}

TEST_F(BodyTest, CutPackedBodyIsDamaged) {
  const Body packed = Pack(BodyView(long_text_), &spill_).value();
  Unpacker unpacker(&spill_);
  ASSERT_TRUE(unpacker.Add(packed.view().text().substr(0, packed.size() - 1), 1u << 30));
  EXPECT_EQ(unpacker.Finish().error().code, Code::kDamaged);
}

TEST_F(BodyTest, PartsOfTwoPackedBodiesAreDamaged) {
  const Body one = Pack(BodyView(long_text_), &spill_).value();
  const std::string other_text(long_text_.rbegin(), long_text_.rend());
  const Body other = Pack(BodyView(other_text), &spill_).value();
  Unpacker unpacker(&spill_);
  ASSERT_TRUE(unpacker.Add(one.view().text().substr(0, 1'000'000), 1u << 30));
  const Status added = unpacker.Add(other.view().text().substr(1'000'000), 1u << 30);
  EXPECT_TRUE(!added || !unpacker.Finish());
}

TEST_F(BodyTest, UnpackedBeyondTheLimitIsDamaged) {
  const Body packed = Pack(BodyView(std::string(2'000'000, 'a')), &spill_).value();
  Unpacker unpacker(&spill_);
  EXPECT_EQ(unpacker.Add(packed.view().text(), 1'000'000).error().code, Code::kDamaged);
}

// --- rows ---

TEST_F(BodyTest, RowsComeBackInTheirOrder) {
  const std::vector<Row> rows = {{"1", std::string("\0a", 2), "{}"}, {"", "b", ""}};
  RowSpool spool = SpoolOf(rows);
  EXPECT_EQ(spool.size(), 2u);
  std::vector<std::string> seen;
  spool.ForEach(
      [&](const Row& row) { seen.push_back(row.key + "|" + row.position + "|" + row.body); });
  EXPECT_EQ(seen, (std::vector<std::string>{std::string("1|\0a|{}", 7), "|b|"}));
}

TEST_F(BodyTest, ManyRowsComeBackFromAFile) {
  RowSpool spool(&spill_);
  for (int i = 0; i < 3000; ++i) {
    spool.Add({.key = std::to_string(i), .position = "p", .body = long_text_.substr(0, 1000)});
  }
  const std::vector<Row> rows = RowsOf(spool);
  ASSERT_EQ(rows.size(), 3000u);
  EXPECT_EQ(rows.back().key, "2999");
  EXPECT_EQ(rows.back().body, long_text_.substr(0, 1000));
}

TEST_F(BodyTest, RowsThatCannotBeWrittenAreADiskError) {
  const SpillDir gone(dir_ / "gone");
  RowSpool spool(&gone);
  spool.Add({.key = "1", .position = "p", .body = long_text_});
  EXPECT_EQ(spool.Finish().error().code, Code::kDisk);
}

}  // namespace
}  // namespace sluice
