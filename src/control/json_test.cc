#include "control/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace turnpike::control {
namespace {

TEST(Json, NestingAndCommas) {
  Json json;
  json.begin_object()
      .member("a", 1)
      .key("b")
      .begin_array()
      .value("x")
      .value(true)
      .begin_object()
      .end_object();
  json.end_array().member_if("c", "").member("d", -0.5).key("e").null().end_object();
  const std::string text = json.take();
  EXPECT_EQ(
      text,
      "{\n  \"a\": 1,\n  \"b\": [\n    \"x\",\n    true,\n    {}\n  ],\n  \"d\": -0.5,\n  \"e\": null\n}");
  EXPECT_NO_THROW(static_cast<void>(nlohmann::json::parse(text)));
}

TEST(Json, EveryByteStringBecomesValidJson) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text :
       {all, std::string("a\"b\\c\nd\te"), std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"),
        std::string("\xc0\xaf"), std::string("\xe2\x82"), std::string("\xf0\x9f\x98\x80 ü")}) {
    Json json;
    json.value(text);
    EXPECT_NO_THROW(static_cast<void>(nlohmann::json::parse(json.take())));
  }
  Json json;
  json.value("\xf0\x9f\x98\x80 ü \x01");
  EXPECT_EQ(nlohmann::json::parse(json.take()).get<std::string>(), "\xf0\x9f\x98\x80 ü \x01");
}

TEST(Json, Numbers) {
  Json json;
  json.begin_array()
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(std::numeric_limits<std::int64_t>::min());
  json.value(std::numeric_limits<double>::infinity()).end_array();
  EXPECT_EQ(json.take(), "[\n  18446744073709551615,\n  -9223372036854775808,\n  null\n]");
}

}  // namespace
}  // namespace turnpike::control
