#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "http/grpc/call.h"
#include "http/grpc/content_type.h"
#include "http/grpc/status.h"
#include "http/grpc/timeout.h"

namespace turnpike::http::grpc {
namespace {

using namespace std::chrono_literals;

TEST(GrpcContentType, Kinds) {
  EXPECT_EQ(kind_of("application/grpc"), Kind::grpc);
  EXPECT_EQ(kind_of("application/grpc+proto"), Kind::grpc);
  EXPECT_EQ(kind_of("APPLICATION/gRPC+json; charset=utf-8"), Kind::grpc);
  EXPECT_EQ(kind_of("application/grpc ;a=b"), Kind::grpc);
  EXPECT_EQ(kind_of("application/grpc-web"), Kind::web);
  EXPECT_EQ(kind_of("application/grpc-web+proto"), Kind::web);
  EXPECT_EQ(kind_of("application/grpc-web-text"), Kind::web_text);
  EXPECT_EQ(kind_of("application/grpc-web-text+proto"), Kind::web_text);
  for (const char* other :
       {"", "application/grp", "application/grpcx", "application/grpc-", "application/grpc-webx",
        "application/grpc-web-texts", "application/json", "text/application/grpc"})
    EXPECT_EQ(kind_of(other), Kind::none) << other;
}

TEST(GrpcContentType, Suffixes) {
  EXPECT_EQ(suffix_of("application/grpc"), "");
  EXPECT_EQ(suffix_of("application/grpc+proto"), "+proto");
  EXPECT_EQ(suffix_of("application/grpc-web+json;a=b"), "+json");
  EXPECT_EQ(suffix_of("application/grpc-web-text+proto ; a"), "+proto");
  EXPECT_EQ(suffix_of("application/grpc;x=+proto"), "");
  EXPECT_EQ(suffix_of("application/json+proto"), "");
}

TEST(GrpcTimeout, EachUnit) {
  EXPECT_EQ(parse_timeout("2H"), 2h);
  EXPECT_EQ(parse_timeout("3M"), 3min);
  EXPECT_EQ(parse_timeout("4S"), 4s);
  EXPECT_EQ(parse_timeout("5m"), 5ms);
  EXPECT_EQ(parse_timeout("6u"), 6us);
  EXPECT_EQ(parse_timeout("7n"), 7ns);
  EXPECT_EQ(parse_timeout("0S"), 0s);
  EXPECT_EQ(parse_timeout("00000001n"), 1ns);
  EXPECT_EQ(parse_timeout("99999999S"), 99999999s);
  EXPECT_EQ(parse_timeout("99999999H"), Duration::max());
}

TEST(GrpcTimeout, WhatIsNone) {
  for (const char* bad : {"", "1", "S", "1s", "1h", "100000000S", "000000001S", "-1S", "+1S", "1.5S", " 1S",
                          "1S ", "1 S", "0x1S", "1SS"})
    EXPECT_FALSE(parse_timeout(bad)) << bad;
}

TEST(GrpcTimeout, IsNeverWrittenLonger) {
  std::array<char, kTimeoutSize> buffer;
  EXPECT_EQ(format_timeout(0ns, buffer), "1n");
  EXPECT_EQ(format_timeout(-5s, buffer), "1n");
  EXPECT_EQ(format_timeout(99999999ns, buffer), "99999999n");
  EXPECT_EQ(format_timeout(100000999ns, buffer), "100000u");
  EXPECT_EQ(format_timeout(10s, buffer), "10000000u");
  EXPECT_EQ(format_timeout(100s, buffer), "100000m");
  EXPECT_EQ(format_timeout(Duration::max(), buffer), "2562047H");
  for (Duration d = 1ns; d < Duration::max() / 7; d = d * 7 + 3ns) {
    const auto again = parse_timeout(format_timeout(d, buffer));
    ASSERT_TRUE(again);
    EXPECT_LE(*again, d);
    EXPECT_GE(*again, d - d / 1000);
  }
}

TEST(GrpcStatus, NamesAndDigits) {
  for (unsigned i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(digits_of(status), std::to_string(i));
    EXPECT_EQ(parse_status(digits_of(status)), status);
    EXPECT_EQ(status_named(name_of(status)), status);
  }
  EXPECT_EQ(status_named("unavailable"), Status::unavailable);
  EXPECT_EQ(parse_status("17"), Status::unknown);
  EXPECT_EQ(parse_status("4294967295"), Status::unknown);
  for (const char* bad : {"", "-1", "a", "1a", " 1", "99999999999"}) EXPECT_FALSE(parse_status(bad)) << bad;
  EXPECT_FALSE(status_named("BUSY"));
}

// http-grpc-status-mapping.md
TEST(GrpcStatus, OfHttpResponsesWithoutOne) {
  EXPECT_EQ(status_from_http(400), Status::internal);
  EXPECT_EQ(status_from_http(401), Status::unauthenticated);
  EXPECT_EQ(status_from_http(403), Status::permission_denied);
  EXPECT_EQ(status_from_http(404), Status::unimplemented);
  for (const unsigned http : {429U, 502U, 503U, 504U}) EXPECT_EQ(status_from_http(http), Status::unavailable);
  for (const unsigned http : {200U, 302U, 405U, 415U, 500U, 501U})
    EXPECT_EQ(status_from_http(http), Status::unknown);
  EXPECT_EQ(http_from_status(Status::unavailable), 503U);
  EXPECT_EQ(http_from_status(Status::ok), 200U);
}

TEST(GrpcStatus, WhichBlameTheServer) {
  std::string blamed;
  for (unsigned i = 0; i < kStatusCount; ++i) {
    if (blames_server(static_cast<Status>(i))) blamed += std::string(name_of(static_cast<Status>(i))) + " ";
  }
  EXPECT_EQ(blamed, "UNKNOWN INTERNAL UNAVAILABLE DATA_LOSS ");
}

TEST(GrpcMessage, IsPercentEncoded) {
  Arena arena;
  EXPECT_EQ(encode_message("plain text ~", arena), "plain text ~");
  EXPECT_EQ(encode_message("50% \xc3\xa9\n", arena), "50%25 %C3%A9%0A");
  EXPECT_EQ(encode_message("abcdef", arena, 3), "abc");
  EXPECT_EQ(decode_message("50%25 %C3%a9%0A"), "50% \xc3\xa9\n");
  EXPECT_EQ(decode_message("%"), "%");
  EXPECT_EQ(decode_message("%4"), "%4");
  EXPECT_EQ(decode_message("%zz%41"), "%zzA");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(decode_message(encode_message(all, arena)), all);
}

TEST(GrpcCall, ByMethodAndContentType) {
  Arena arena;
  RequestHead head;
  head.method = Method::post;
  head.fields.add(arena, FieldId::content_type, "application/grpc-web");
  EXPECT_EQ(call_kind(head), Kind::web);
  head.method = Method::get;
  EXPECT_EQ(call_kind(head), Kind::none);
  head.method = Method::options;
  EXPECT_FALSE(is_call_preflight(head));
  head.fields.add(arena, FieldId::origin, "https://a");
  head.fields.add(arena, FieldId::access_control_request_method, "POST");
  EXPECT_TRUE(is_call_preflight(head));
}

}  // namespace
}  // namespace turnpike::http::grpc
