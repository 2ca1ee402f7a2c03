#include "base/utf8.h"

#include <gtest/gtest.h>

namespace turnpike {
namespace {

TEST(Utf8, OneCharacterIsMeasured) {
  EXPECT_EQ(utf8_size("a"), 1U);
  EXPECT_EQ(utf8_size("\u00e4b"), 2U);
  EXPECT_EQ(utf8_size("\u20ac"), 3U);
  EXPECT_EQ(utf8_size("\U0001f600"), 4U);
}

TEST(Utf8, WhatIsNoneMeasuresNothing) {
  for (const std::string_view bad :
       {"", "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"})
    EXPECT_EQ(utf8_size(bad), 0U) << bad.size();
}

TEST(Utf8, CodePoints) {
  EXPECT_EQ(utf8_code("a"), 0x61U);
  EXPECT_EQ(utf8_code("\u00e4"), 0xe4U);
  EXPECT_EQ(utf8_code("\u202e"), 0x202eU);
  EXPECT_EQ(utf8_code("\U0001f600"), 0x1f600U);
}

TEST(Utf8, PrintableKeepsWhatCanBeSeen) {
  EXPECT_EQ(printable("plain \"text\" \\ \u00e4\u20ac\U0001f600"),
            "plain \"text\" \\ \u00e4\u20ac\U0001f600");
}

TEST(Utf8, PrintableShowsWhatWouldAct) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("two\nlines\r\t\x7f"), "two\\x0alines\\x0d\\x09\\x7f");
  EXPECT_EQ(printable("\u009b2J"), "\\x9b2J");              // CSI in eight bits
  EXPECT_EQ(printable("\u202egnp.exe"), "\\u202egnp.exe");  // right to left
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
}

}  // namespace
}  // namespace turnpike
