#include "observe/escape.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "observe/json_check.h"

namespace turnpike::observe {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

std::string plain(std::string_view text) {
  std::string out(kMostEscaped * text.size() + kEscapeSlack, '\0');
  out.resize(static_cast<std::size_t>(escape_text(out.data(), text) - out.data()));
  return out;
}

TEST(Escape, PlainTextStaysAsItIsAtEveryLength) {
  std::string text;
  for (int i = 0; i < 80; ++i) {
    EXPECT_EQ(json(text), text);
    EXPECT_EQ(plain(text), text);
    text += static_cast<char>('0' + i % 40);
    if (text.back() == '\\' || text.back() == '"') text.back() = '_';
  }
}

TEST(Escape, OneSpecialByteAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 1; size < 50; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '"';
      EXPECT_EQ(json(text), text.substr(0, at) + "\\\"" + text.substr(at + 1));
      EXPECT_EQ(plain(text), text.substr(0, at) + "\\x22" + text.substr(at + 1));
    }
  }
}

TEST(Escape, EveryByteAlone) {
  for (int i = 0; i < 256; ++i) {
    const std::string text(1, static_cast<char>(i));
    const std::string quoted = "\"" + json(text) + "\"";
    EXPECT_TRUE(JsonCheck::valid(quoted)) << i;
    for (char c : json(text) + plain(text)) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << i;
  }
  EXPECT_EQ(json("\n\r\t\b"), "\\n\\r\\t\\u0008");
  EXPECT_EQ(json("\\\""), "\\\\\\\"");
  EXPECT_EQ(json(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(json("\x7f\x1b[2J"), "\\u007f\\u001b[2J");
  EXPECT_EQ(plain("a b\\\"\xc3\xa9\n"), "a b\\x5c\\x22\\xc3\\xa9\\x0a");
}

TEST(Escape, Utf8StaysAndWhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(json("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(json("\xf0\x9f\x9a\xa7"), "\xf0\x9f\x9a\xa7");
  EXPECT_EQ(json("\xc3"), "\\ufffd");
  EXPECT_EQ(json("\xc0\x80"), "\\ufffd\\ufffd");                        // not the shortest form
  EXPECT_EQ(json("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd");             // a surrogate
  EXPECT_EQ(json("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd");  // above U+10FFFF
  EXPECT_EQ(json("\xff\xfe"), "\\ufffd\\ufffd");
  EXPECT_EQ(json("\xe2\x82\"a"), "\\ufffd\\ufffd\\\"a");
}

TEST(Escape, WhatTerminalsAndEditorsActOnIsShown) {
  EXPECT_EQ(json("\xc2\x9b"), "\\u009b");      // C1: control sequence introducer
  EXPECT_EQ(json("\xe2\x80\xa8"), "\\u2028");  // line separator
  EXPECT_EQ(json("\xe2\x80\xae"), "\\u202e");  // right-to-left override
  EXPECT_EQ(json("\xef\xbb\xbf"), "\\ufeff");
  EXPECT_EQ(json("\xe2\x82\xac"), "\xe2\x82\xac");  // the euro sign is none of them
}

TEST(JsonCheckItself, IsStrict) {
  for (const char* good : {"{}", "{\"a\":1}", "{\"a\":-0.5e+3,\"b\":null}", "\"\\u00e9\"", "12.125"}) {
    EXPECT_TRUE(JsonCheck::valid(good)) << good;
  }
  for (const char* bad : {"", "{", "{\"a\":}", "{\"a\":01}", "{\"a\":1,}", "{a:1}", "\"\n\"", "\"\\x41\"",
                          "\"a", "1.", "{}x", "\"\xff\""}) {
    EXPECT_FALSE(JsonCheck::valid(bad)) << bad;
  }
}

}  // namespace
}  // namespace turnpike::observe
