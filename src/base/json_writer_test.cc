#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace turnpike {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(JsonWriter, writes_nested_values_on_one_line) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("a").value(1).key("b").begin_array().value("x").value(true).null().end_array();
  json.key("c").begin_object().end_object().key("d").value(0.5).key("e").value(std::int64_t{-7}).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,null],"c":{},"d":0.5,"e":-7})");
}

TEST(JsonWriter, indents) {
  std::string out;
  JsonWriter json(out, 2);
  json.begin_object().key("a").begin_array().value(1).value(2).end_array().key("b").begin_array().end_array();
  json.end_object();
  EXPECT_EQ(out, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}");
}

TEST(JsonWriter, numbers_that_json_lacks_become_null) {
  std::string out;
  JsonWriter(out).value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(out, "null");
}

TEST(JsonWriter, escapes_what_must_be) {
  EXPECT_EQ(escaped("plain /text/"), "plain /text/");
  EXPECT_EQ(escaped("a\"b\\c\nd\te\rf"), R"(a\"b\\c\nd\te\rf)");
  EXPECT_EQ(escaped(std::string_view("\0\x1f\x7f", 3)), R"(\u0000\u001f\u007f)");
  EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(JsonWriter, bytes_that_are_no_utf8_are_replaced) {
  EXPECT_EQ(escaped("a\xff"
                    "b"),
            R"(a\ufffdb)");
  EXPECT_EQ(escaped("\xc3"), R"(\ufffd)");                      // cut off
  EXPECT_EQ(escaped("\xc0\xaf"), R"(\ufffd\ufffd)");            // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), R"(\ufffd\ufffd\ufffd)");  // surrogate
  EXPECT_EQ(escaped("\xe2\x82"), R"(\ufffd\ufffd)");
}

}  // namespace
}  // namespace turnpike
