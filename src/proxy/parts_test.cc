// The small parts: buffer, gather list, status table, cookies, hash keys.
#include <gtest/gtest.h>

#include <string>

#include "proxy/buffer.h"
#include "proxy/date.h"
#include "proxy/hash_key.h"
#include "proxy/iovecs.h"
#include "proxy/overload.h"
#include "proxy/respond.h"

namespace turnpike::proxy {
namespace {

TEST(Buffer, KeepsBytesInPlaceUntilItIsTold) {
  Buffer buffer;
  buffer.allocate();
  buffer.append("headbody");
  const std::string_view head = buffer.view().substr(0, 4);
  buffer.pass(4);
  const std::uint32_t mark = buffer.mark();
  EXPECT_EQ(buffer.view(), "body");
  buffer.pass(4);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(head, "head");
  buffer.rewind(mark);
  EXPECT_EQ(buffer.view(), "body");
  buffer.compact();
  EXPECT_EQ(buffer.room().size(), Buffer::kSize - 4);
  buffer.grow(Buffer::kLarge);
  EXPECT_EQ(buffer.view(), "body");
  EXPECT_EQ(buffer.capacity(), Buffer::kLarge);
  buffer.release();
  EXPECT_FALSE(buffer.allocated());
}

TEST(Iovecs, AdvancesThroughPartsOfParts) {
  Iovecs list;
  list.add("abc");
  list.add("");
  list.add("defg");
  EXPECT_EQ(list.bytes(), 7U);
  EXPECT_EQ(list.span().size(), 2U);
  list.advance(4);
  EXPECT_EQ(list.bytes(), 3U);
  EXPECT_EQ(std::string(static_cast<const char*>(list.span()[0].iov_base), list.span()[0].iov_len), "efg");
  list.advance(3);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.room(), Iovecs::kMost);
}

TEST(Respond, EveryKindHasAStatusOrNone) {
  EXPECT_EQ(status_for(ErrorKind::no_route), 404);
  EXPECT_EQ(status_for(ErrorKind::no_backend), 500);
  EXPECT_EQ(status_for(ErrorKind::no_endpoint), 503);
  EXPECT_EQ(status_for(ErrorKind::request_timeout), 504);
  EXPECT_EQ(status_for(ErrorKind::unknown_transfer_coding), 501);
  EXPECT_EQ(status_for(ErrorKind::misdirected), 421);
  EXPECT_EQ(status_for(ErrorKind::client_closed), 0);
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    const std::uint16_t status = status_for(static_cast<ErrorKind>(kind));
    EXPECT_TRUE(status == 0 || (status >= 400 && status <= 599)) << kind;
    EXPECT_FALSE(status != 0 && http::reason_phrase(status).empty()) << status;
  }
}

TEST(Cookies, FindsTheOneWithExactlyThisName) {
  Arena arena;
  http::Fields fields;
  fields.add(arena, "Cookie", "xid=1; id=2;id2=3");
  fields.add(arena, "cookie", "last=4=5");
  EXPECT_EQ(cookie_value(fields, "id"), "2");
  EXPECT_EQ(cookie_value(fields, "id2"), "3");
  EXPECT_EQ(cookie_value(fields, "last"), "4=5");
  EXPECT_EQ(cookie_value(fields, "i"), "");
}

TEST(HashKey, IsStableForAKeyAndSpreadsWithoutOne) {
  Arena arena;
  Random random(1);
  http::RequestHead request;
  request.fields.add(arena, "X-Tenant", "a");
  plan::Rule rule;
  rule.hash_key = plan::Rule::HashKey::header;
  rule.hash_name = "x-tenant";
  EXPECT_EQ(hash_key(rule, request, "1.2.3.4", random), hash_key(rule, request, "5.6.7.8", random));
  rule.hash_name = "x-other";
  EXPECT_NE(hash_key(rule, request, "1.2.3.4", random), hash_key(rule, request, "1.2.3.4", random));
  rule.hash_key = plan::Rule::HashKey::source_ip;
  EXPECT_NE(hash_key(rule, request, "1.2.3.4", random), hash_key(rule, request, "1.2.3.5", random));
}

TEST(Overload, CountsConnectionsAndSetsTheLevel) {
  Overload overload({.most_connections = 2, .most_memory = 1000});
  EXPECT_TRUE(overload.admit_connection());
  EXPECT_TRUE(overload.admit_connection());
  EXPECT_FALSE(overload.admit_connection());
  overload.connection_closed();
  EXPECT_TRUE(overload.admit_connection());
  overload.set_resident_memory(899);
  EXPECT_EQ(overload.pressure(), Pressure::none);
  overload.set_resident_memory(900);
  EXPECT_EQ(overload.pressure(), Pressure::high);
  overload.set_resident_memory(980);
  EXPECT_EQ(overload.pressure(), Pressure::critical);
}

TEST(DateText, HasTheFixedForm) {
  DateText date;
  const std::string_view text = date.at(std::chrono::steady_clock::now());
  EXPECT_EQ(text.size(), 29U);
  EXPECT_TRUE(text.ends_with(" GMT")) << text;
}

}  // namespace
}  // namespace turnpike::proxy
