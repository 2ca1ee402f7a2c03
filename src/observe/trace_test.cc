#include "observe/trace.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace turnpike::observe {
namespace {

constexpr std::string_view kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Traceparent, ReadsAndWrites) {
  const auto context = parse_traceparent(kGood);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id[0], 0x0a);
  EXPECT_EQ(context->trace_id[15], 0x9c);
  EXPECT_EQ(context->parent_id, 0xb7ad6b7169203331U);
  EXPECT_TRUE(context->sampled());
  char text[kTraceparentSize];
  EXPECT_EQ(write_traceparent(*context, text), kGood);
  EXPECT_EQ(trace_id_of(kGood), "0af7651916cd43dd8448eb211c80319c");
}

TEST(Traceparent, IsStrict) {
  const auto with = [](std::size_t at, char c) {
    std::string text(kGood);
    text[at] = c;
    return text;
  };
  EXPECT_FALSE(parse_traceparent(""));
  EXPECT_FALSE(parse_traceparent(kGood.substr(0, 54)));
  EXPECT_FALSE(parse_traceparent(std::string(kGood) + "-"));
  EXPECT_FALSE(parse_traceparent(std::string(kGood) + "-what"));
  EXPECT_FALSE(parse_traceparent(" " + std::string(kGood).substr(1)));
  for (std::size_t dash : {2U, 35U, 52U}) EXPECT_FALSE(parse_traceparent(with(dash, '_'))) << dash;
  for (std::size_t i = 0; i < kGood.size(); ++i) {
    EXPECT_FALSE(parse_traceparent(with(i, 'g'))) << i;
    EXPECT_FALSE(parse_traceparent(with(i, 'A'))) << i;
    EXPECT_FALSE(parse_traceparent(with(i, '\0'))) << i;
    EXPECT_FALSE(parse_traceparent(with(i, '\xb0'))) << i;
  }
  EXPECT_FALSE(parse_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
  EXPECT_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"));
  EXPECT_FALSE(parse_traceparent("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

TEST(Traceparent, LaterVersionsAreReadAsThisOne) {
  const std::string later = "cc" + std::string(kGood.substr(2));
  EXPECT_TRUE(parse_traceparent(later));
  EXPECT_TRUE(parse_traceparent(later + "-what-the-future-will-be-like"));
  EXPECT_TRUE(parse_traceparent(later + "-"));
  EXPECT_FALSE(parse_traceparent(later + ".what"));
  EXPECT_FALSE(parse_traceparent(later + "0"));
}

TEST(Traceparent, ContinuesWithANewParentAndKnownFlagsOnly) {
  Random random(7);
  auto received = *parse_traceparent(kGood);
  received.flags = 0xff;
  const TraceContext next = continue_trace(received, random);
  EXPECT_EQ(next.trace_id, received.trace_id);
  EXPECT_NE(next.parent_id, received.parent_id);
  EXPECT_EQ(next.flags, TraceContext::kSampled);
  received.flags = 0xfe;
  EXPECT_FALSE(continue_trace(received, random).sampled());
}

TEST(Traceparent, WhatIsStartedIsValid) {
  Random random(7);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    char text[kTraceparentSize];
    const TraceContext context = start_trace(random, i % 2 == 0);
    const std::string_view written = write_traceparent(context, text);
    const auto read = parse_traceparent(written);
    ASSERT_TRUE(read) << written;
    EXPECT_EQ(read->sampled(), i % 2 == 0);
    EXPECT_TRUE(seen.insert(std::string(written)).second);
  }
}

TEST(RequestId, IsAUuidOfVersion4) {
  Random random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    char text[kRequestIdSize];
    const std::string id(write_request_id(random, text));
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    for (std::size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[dash], '-');
    EXPECT_TRUE(is_request_id(id));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(RequestId, OfOthersIsKeptOnlyIfItIsHarmless) {
  EXPECT_TRUE(is_request_id("Root=1-67891233-abcdef012345678912345678"));
  EXPECT_TRUE(is_request_id("a"));
  EXPECT_TRUE(is_request_id(std::string(128, 'x')));
  EXPECT_FALSE(is_request_id(""));
  EXPECT_FALSE(is_request_id(std::string(129, 'x')));
  for (const char* bad : {"a b", "a\n", "a\"", "a\\", "a,b", "a;b", "a<b", "\xc3\xa9", "a%0a", "${jndi:x}"}) {
    EXPECT_FALSE(is_request_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace turnpike::observe
