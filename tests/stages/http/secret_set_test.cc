#include <gtest/gtest.h>

#include <string>

#include "stages/http/base64.h"
#include "stages/http/secrets.h"

namespace sluice {
namespace {

class SecretSetTest : public testing::Test {
 protected:
  SecretSetTest() { secrets_.Add(kValue); }
  std::string Redact(const std::string& text) const { return secrets_.Redact(text); }

  static constexpr const char* kValue = R"(kY7/+"p\ q&x-z)";
  SecretSet secrets_;
};

TEST_F(SecretSetTest, FindsAValueInEveryFormThatAServerMayQuoteItIn) {
  const std::string forms[] = {
      kValue,
      R"(KY7/+"P\ Q&X-Z)",                           // in other case
      "kY7%2F%2B%22p%5C%20q%26x-z",                  // percent-encoded
      "kY7%2f%2b%22p%5c+q%26x-z",                    // as in a form
      "%6b%59%37%2F%2B%22%70%5C%20%71%26%78%2D%7A",  // all of it
      "kY7%252F%252B%2522p%255C%2520q%2526x-z",      // twice
      R"(kY7\/+\"p\\ q&x-z)",                        // as in JSON
      R"(kY7/+\u0022p\u005C q\u0026x\u002dz)",       // with code points
      R"(\u006b\u0059\u0037/+\"p\\ q&x-z)",          // all of them
      R"(kY7\\\/+\\\"p\\\\ q&x-z)",                  // JSON in JSON
      "kY7/+&quot;p\\ q&amp;x-z",                    // as in HTML
      "kY7&#x2F;&#43;&#34;p\\ q&#38;x-z",            // with numbers
      R"(kY7/+"p\x5c q\x26x-z)",                     // as in a string of C
  };
  for (const std::string& form : forms) {
    EXPECT_TRUE(secrets_.IsIn("a" + form + "b")) << form;
    EXPECT_EQ(Redact("token '" + form + "', twice: " + form), "token '[secret]', twice: [secret]")
        << form;
  }
}

TEST_F(SecretSetTest, FindsItInBase64WhateverStandsBesideIt) {
  for (const std::string before : {"", ":", "me:", "user:", "Bearer "}) {
    for (const std::string after : {"", "1", "12", "123"}) {
      std::string encoded = Base64(before + kValue + after);
      EXPECT_TRUE(secrets_.IsIn(encoded)) << before << after;
      for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
      EXPECT_TRUE(secrets_.IsIn(encoded)) << before << after;
    }
  }
  EXPECT_EQ(Redact("Basic " + Base64(kValue) + "."), "Basic [secret].");
}

TEST_F(SecretSetTest, OtherTextStaysAsItIs) {
  const std::string text = "50% of \\u0041 & 1+1 kY7/+\"p\\ q&x-\xff\n%zz%";
  EXPECT_EQ(Redact(text), text);
  EXPECT_EQ(SecretSet().Redact(text), text);
  EXPECT_EQ(Redact(""), "");
}

TEST_F(SecretSetTest, OfTwoThatOverlapNothingIsLeft) {
  secrets_.Add("abcdef-123");
  secrets_.Add("123-uvwxyz");
  secrets_.Add("abcdef");
  EXPECT_EQ(Redact("(abcdef-123-uvwxyz)"), "([secret])");
  EXPECT_EQ(Redact("(abcdef-12)"), "([secret]-12)");
}

TEST_F(SecretSetTest, AShortValueIsNotLookedForInText) {
  secrets_.Add("abc12");
  EXPECT_EQ(Redact("abc12"), "abc12");
  EXPECT_TRUE(secrets_.Has("abc12"));
  EXPECT_FALSE(secrets_.Has("abc"));
}

TEST_F(SecretSetTest, AnEmptyValueIsNone) {
  secrets_.Add("");
  EXPECT_FALSE(secrets_.Has(""));
  EXPECT_FALSE(secrets_.IsIn("text"));
}

TEST_F(SecretSetTest, WhatIsHiddenIsNotHiddenAgain) {
  secrets_.Add("secret");
  EXPECT_EQ(Redact(Redact("the secret")), "the [secret]");
}

TEST_F(SecretSetTest, ManyBackslashesCostNoTime) {
  secrets_.Add(std::string(20, '\\') + "x");
  EXPECT_FALSE(secrets_.IsIn(std::string(2000, '\\') + "y"));
}

}  // namespace
}  // namespace sluice
