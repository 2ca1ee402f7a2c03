// RFC 9113 §8.2 and §8.3 on requests, rule by rule: each through a session, as a client would send it.
#include <gtest/gtest.h>

#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

// What becomes of a request: "ok", or the reason why it was refused.
std::string verdict(const FieldList& fields, bool end = true) {
  Server server;
  server.receive(headers(1, fields, end));
  const std::string text = server.events.take();
  if (text.starts_with("request 1")) return "ok";
  constexpr std::string_view kRefused = "refused 1 0 ";
  if (!text.starts_with(kRefused)) return text;
  EXPECT_EQ(server.sent(), "RST_STREAM 1 PROTOCOL_ERROR\n");
  EXPECT_FALSE(server.session.failed()) << "a malformed request ends the stream, not the connection";
  return text.substr(kRefused.size(), text.size() - kRefused.size() - 1);
}
std::string with_field(const std::string& name, const std::string& value) {
  return verdict(with(get(), {{name, value}}));
}
FieldList without(const FieldList& fields, const std::string& name) {
  FieldList left;
  for (const auto& field : fields) {
    if (field.first != name) left.push_back(field);
  }
  return left;
}
FieldList changed(FieldList fields, const std::string& name, const std::string& value) {
  for (auto& field : fields) {
    if (field.first == name) field.second = value;
  }
  return fields;
}

TEST(Request, WhatItBecomes) {
  Server server;
  server.receive(headers(1, with(get("/a?b=c"), {{"accept", "*/*"}, {"x-own", ""}})));
  EXPECT_EQ(server.events.take(), "request 1 GET https shop.example /a?b=c end accept=*/* x-own=\n");
  const RequestHead& head = server.events.exchange(1).request;
  EXPECT_EQ(head.version, Version::http2);
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.framing, Framing::none);
  EXPECT_EQ(head.path, "/a");
  EXPECT_TRUE(head.has_query);
  EXPECT_EQ(head.query, "b=c");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.upgrade);
  EXPECT_EQ(head.fields.find("Accept")->id, FieldId::accept);
}

TEST(Request, Framing) {
  Server server;
  server.receive(headers(1, with(post(), {{"content-length", "5"}}), false));
  EXPECT_EQ(server.events.exchange(1).request.framing, Framing::length);
  EXPECT_EQ(server.events.exchange(1).request.content_length, 5u);
  server.receive(headers(3, post(), false));
  EXPECT_EQ(server.events.exchange(3).request.framing, Framing::until_close);
  server.receive(headers(5, with(post(), {{"content-length", "0"}})));
  EXPECT_EQ(server.events.exchange(5).request.framing, Framing::none);
  EXPECT_EQ(server.events.log.size(), 3u);
}

TEST(Request, FieldNames) {  // §8.2.1
  EXPECT_EQ(with_field("x-good_1~", "v"), "ok");
  for (const char* name : {"X-Upper", "x y", "x\t", "x:", "x\r", "x\n", "x\x7f", "x\x80", "", "x(", "x\""})
    EXPECT_EQ(with_field(name, "v"), "forbidden byte in a field name or value") << name;
  EXPECT_EQ(with_field(std::string("x\0y", 3), "v"), "forbidden byte in a field name or value");
}

TEST(Request, FieldValues) {  // §8.2.1
  EXPECT_EQ(with_field("x", "a\tb \xff"), "ok");
  EXPECT_EQ(with_field("x", ""), "ok");
  for (const char* value : {"a\rb", "a\nb", "a\r\nx: y", " a", "a ", "\ta", "a\t", "\x01", "\x7f"})
    EXPECT_EQ(with_field("x", value), "forbidden byte in a field name or value") << value;
  EXPECT_EQ(with_field("x", std::string("a\0b", 3)), "forbidden byte in a field name or value");
  EXPECT_EQ(verdict(changed(get(), ":path", "/a b")), "character that must be percent-encoded in :path");
  EXPECT_EQ(verdict(changed(get(), ":path", "/a\r\nx: y")),
            "forbidden byte in the value of a pseudo-header field");
}

TEST(Request, ConnectionSpecificFields) {  // §8.2.2
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
    EXPECT_EQ(with_field(name, "x"), "connection-specific field") << name;
  EXPECT_EQ(with_field("te", "trailers"), "ok");
  EXPECT_EQ(with_field("te", "gzip"), "TE other than trailers");
  EXPECT_EQ(with_field("te", "trailers, gzip"), "TE other than trailers");
}

TEST(Request, CookieCrumbs) {  // §8.2.3
  Server server;
  server.receive(headers(
      1, with(get(), {{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}, {"cookie", ""}, {"cookie", "e=f"}})));
  EXPECT_EQ(server.events.take(), "request 1 GET https shop.example / end cookie=a=b; c=d; ; e=f x=y\n");
  server.receive(headers(3, with(get(), {{"cookie", "a=b; c=d"}})));
  EXPECT_EQ(server.events.take(), "request 3 GET https shop.example / end cookie=a=b; c=d\n");
}

TEST(Request, PseudoHeaderFields) {  // §8.3, §8.3.1
  EXPECT_EQ(verdict(with({{"x", "y"}}, get())), "pseudo-header field behind another field");
  EXPECT_EQ(verdict(with(get(), {{":path", "/"}})), "pseudo-header field repeated");
  EXPECT_EQ(verdict(with(get(), {{":method", "GET"}})), "pseudo-header field repeated");
  EXPECT_EQ(verdict(with(get(), {{":other", "x"}})), "unknown pseudo-header field");
  EXPECT_EQ(verdict(with(get(), {{":", "x"}})), "unknown pseudo-header field");
  EXPECT_EQ(verdict(with(get(), {{":Path", "x"}})), "unknown pseudo-header field");
  EXPECT_EQ(verdict(with(get(), {{":status", "200"}})), "pseudo-header field that does not belong here");
  EXPECT_EQ(verdict(without(get(), ":method")), "no :method");
  EXPECT_EQ(verdict(without(get(), ":scheme")), "no :scheme");
  EXPECT_EQ(verdict(without(get(), ":path")), "no :path");
  EXPECT_EQ(verdict({}), "no :method");
}

TEST(Request, Method) {
  EXPECT_EQ(verdict(changed(get(), ":method", "M-SEARCH")), "ok");
  EXPECT_EQ(verdict(changed(get(), ":method", "")), "no :method");
  EXPECT_EQ(verdict(changed(get(), ":method", "GE T")), "malformed method");
  EXPECT_EQ(verdict(changed(get(), ":method", "GET /x HTTP/1.1")), "malformed method");
  EXPECT_EQ(verdict(changed(get(), ":method", std::string(33, 'A'))), "method too long");
}

TEST(Request, Scheme) {
  EXPECT_EQ(verdict(changed(get(), ":scheme", "http")), "ok");
  for (const char* scheme : {"ftp", "HTTPS", "", "https://x/"})
    EXPECT_EQ(verdict(changed(get(), ":scheme", scheme)), ":scheme other than http and https") << scheme;
}

TEST(Request, Path) {
  EXPECT_EQ(verdict(changed(get(), ":path", "/%41?x=/?#y")),
            "character that must be percent-encoded in :path");
  EXPECT_EQ(verdict(changed(get(), ":path", "")), ":path is empty");
  EXPECT_EQ(verdict(changed(get(), ":path", "x")), ":path does not begin with a slash");
  EXPECT_EQ(verdict(changed(get(), ":path", "http://x/")), ":path does not begin with a slash");
  EXPECT_EQ(verdict(changed(get(), ":path", "?a")), ":path does not begin with a slash");
  EXPECT_EQ(verdict(changed(get(), ":path", "/\xc3\xa9")), "character that must be percent-encoded in :path");
  EXPECT_EQ(verdict(changed(get(), ":path", "*")), ":path is * without OPTIONS");
  EXPECT_EQ(verdict(changed(changed(get(), ":path", "*"), ":method", "OPTIONS")), "ok");
}

TEST(Request, AuthorityAndHost) {
  const auto named = [](const std::string& authority, const std::string& host) {
    return verdict(with(changed(get(), ":authority", authority), {{"host", host}}));
  };
  EXPECT_EQ(named("shop.example", "shop.example"), "ok");
  EXPECT_EQ(named("shop.example", "SHOP.example.:443"), "ok") << "the same entity";
  EXPECT_EQ(named("shop.example:443", "shop.example"), "ok");
  EXPECT_EQ(named("shop.example:80", "shop.example"), "Host differs from :authority");
  EXPECT_EQ(named("shop.example", "other.example"), "Host differs from :authority");
  EXPECT_EQ(named("shop.example", ""), "empty host in authority");
  EXPECT_EQ(named("shop.example", "a@shop.example"), "userinfo in authority");
  EXPECT_EQ(verdict(without(get(), ":authority")), "neither :authority nor Host");
  EXPECT_EQ(verdict(with(without(get(), ":authority"), {{"host", "shop.example"}})), "ok");
  EXPECT_EQ(verdict(with(without(get(), ":authority"), {{"host", "a"}, {"host", "a"}})), "Host repeated");
  for (const char* authority :
       {"", "user@shop.example", "shop.example/", "shop.example:x", "[::1", "a b", "a,b"})
    EXPECT_NE(verdict(changed(get(), ":authority", authority)), "ok") << authority;
  Server server;
  server.receive(headers(1, with(without(get(), ":authority"), {{"host", "shop.example"}})));
  EXPECT_EQ(server.events.exchange(1).request.authority, "shop.example");
}

TEST(Request, ContentLength) {
  EXPECT_EQ(verdict(with(post(), {{"content-length", "5"}}), false), "ok");
  EXPECT_EQ(verdict(with(post(), {{"content-length", "5"}}), true), "Content-Length without content");
  EXPECT_EQ(verdict(with(post(), {{"content-length", "5"}, {"content-length", "5"}}), false),
            "Content-Length repeated");
  for (const char* length :
       {"", "+5", "-1", "05", "5, 5", "0x5", "5 5", "9223372036854775808", "99999999999999999999"})
    EXPECT_EQ(verdict(with(post(), {{"content-length", length}}), false), "malformed Content-Length")
        << length;
}

TEST(Request, Connect) {  // §8.5
  const FieldList connect = {{":method", "CONNECT"}, {":authority", "db.example:5432"}};
  EXPECT_EQ(verdict(connect, false), "ok");
  EXPECT_EQ(verdict(with(connect, {{":scheme", "https"}}), false), "CONNECT with :scheme or :path");
  EXPECT_EQ(verdict(with(connect, {{":path", "/"}}), false), "CONNECT with :scheme or :path");
  EXPECT_EQ(verdict({{":method", "CONNECT"}, {"host", "db.example:5432"}}, false),
            "CONNECT without :authority");
  EXPECT_EQ(verdict(changed(connect, ":authority", "db.example"), false), "CONNECT without a port");
  EXPECT_EQ(verdict(with(connect, {{"content-length", "3"}}), false), "content in a request that has none");
  Server server;
  server.receive(headers(1, connect, false));
  EXPECT_EQ(server.events.exchange(1).request.target, "db.example:5432");
  EXPECT_EQ(server.events.exchange(1).request.authority, "db.example:5432");
}

TEST(Request, ExtendedConnect) {  // RFC 8441 §4
  const FieldList connect = {{":method", "CONNECT"},
                             {":protocol", "websocket"},
                             {":scheme", "https"},
                             {":path", "/chat"},
                             {":authority", "shop.example"}};
  EXPECT_EQ(verdict(connect, false), "ok");
  EXPECT_EQ(verdict(without(connect, ":path"), false), "no :path");
  EXPECT_EQ(verdict(without(connect, ":scheme"), false), "no :scheme");
  EXPECT_EQ(verdict(changed(connect, ":method", "GET"), false), ":protocol without CONNECT");
  EXPECT_EQ(verdict(changed(connect, ":protocol", ""), false), "malformed :protocol");
  EXPECT_EQ(verdict(changed(connect, ":protocol", "web socket"), false), "malformed :protocol");
  Server server;
  server.receive(headers(1, connect, false));
  EXPECT_EQ(server.events.exchange(1).request.protocol, "websocket");
  EXPECT_EQ(server.events.exchange(1).request.path, "/chat");
  Server strict(Limits{.connect_protocol = false});
  strict.receive(headers(1, connect, false));
  EXPECT_EQ(strict.events.take(), "refused 1 0 extended CONNECT that was not offered\n");
}

TEST(Request, Trace) {
  EXPECT_EQ(verdict(changed(get(), ":method", "TRACE"), false), "content in a request that has none");
}

TEST(Request, Expect) {
  Server server;
  server.receive(headers(1, with(post(), {{"expect", "100-Continue"}}), false));
  EXPECT_TRUE(server.events.exchange(1).request.expect_continue);
  server.receive(headers(3, with(post(), {{"expect", "more"}}), false));
  EXPECT_EQ(server.events.log.back(), "refused 3 417 Expect other than 100-continue");
  Decoder decoder(4096);
  EXPECT_EQ(describe(server.session, &decoder), "HEADERS 3 end :status=417\nRST_STREAM 3 NO_ERROR\n");
}

TEST(Request, TooLarge) {
  Limits limits;
  limits.field_count = 8;
  limits.header_list = 600;
  Server server(limits);
  const FieldList many(5, {"x", "y"});
  server.receive(headers(1, with(get(), many)));
  EXPECT_EQ(server.events.take(), "refused 1 431 too many fields\n");
  Decoder decoder(4096);
  EXPECT_EQ(describe(server.session, &decoder), "HEADERS 1 end :status=431\n");
  server.receive(headers(3, with(get(), {{"x", std::string(500, 'y')}}), false));
  EXPECT_EQ(server.events.take(), "refused 3 431 header list too large\n");
  server.receive(headers(5, get()));
  EXPECT_EQ(server.events.take(), "request 5 GET https shop.example / end\n") << "the connection lives on";
}

// What a refused block puts into the dynamic table counts for the next one.
TEST(Request, RefusedBlocksKeepTheTableInStep) {
  Server server;
  std::string block = literals(get());
  block += std::string("\x40\x04hush\x03key", 10);  // inserted
  block += std::string(
      "\x00\x01"
      "A\x01"
      "b",
      5);  // malformed
  block += std::string(
      "\x40\x05later\x04"
      "also",
      12);  // inserted behind the fault
  server.receive(frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 1, block));
  EXPECT_EQ(server.events.take(), "refused 1 0 forbidden byte in a field name or value\n");
  server.receive(
      frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 3, literals(get()) + "\xbf\xbe"));
  EXPECT_EQ(server.events.take(), "request 3 GET https shop.example / end hush=key later=also\n");
}

TEST(Request, NeverIndexedStaysSo) {
  Server server;
  std::string block = literals(get());
  block += std::string("\x10\x06secret\x01x", 10);
  server.receive(frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 1, block));
  EXPECT_TRUE(server.events.exchange(1).request.fields.find("secret")->sensitive);
}

TEST(Request, Trailers) {
  Server server;
  server.receive(headers(1, post(), false) + data(1, "abc"));
  server.events.take();
  server.receive(headers(1, {{"grpc-status", "0"}, {"x", "y"}, {"content-length", "3"}, {"host", "a"}}));
  EXPECT_EQ(server.events.take(), "trailers 1 grpc-status=0 x=y\n") << "without those that no trailer may be";
  const auto refused = [](const FieldList& trailers, bool end = true) {
    Server again;
    again.receive(headers(1, post(), false) + headers(1, trailers, end));
    EXPECT_EQ(again.sent(), "RST_STREAM 1 PROTOCOL_ERROR\n");
    return again.events.log.back();
  };
  EXPECT_EQ(refused({{":path", "/"}}),
            "reset 1 PROTOCOL_ERROR pseudo-header field that does not belong here");
  EXPECT_EQ(refused({{"X", "y"}}), "reset 1 PROTOCOL_ERROR forbidden byte in a field name or value");
  EXPECT_EQ(refused({{"connection", "y"}}), "reset 1 PROTOCOL_ERROR connection-specific field");
  EXPECT_EQ(refused({{"x", "y"}}, false), "reset 1 PROTOCOL_ERROR trailers that do not end the stream");
}

TEST(Request, ContentAgainstItsLength) {  // §8.1.1
  const auto run = [](std::string_view bytes) {
    Server server;
    server.receive(headers(1, with(post(), {{"content-length", "5"}}), false) + std::string(bytes));
    server.events.log.erase(server.events.log.begin());
    return server.events.take();
  };
  EXPECT_EQ(run(data(1, "abc") + data(1, "de", true)), "data 1 3\ndata 1 2 end\n");
  EXPECT_EQ(run(data(1, "abcde") + data(1, "", true)), "data 1 5\ndata 1 0 end\n");
  EXPECT_EQ(run(data(1, "abcde") + headers(1, {{"x", "y"}})), "data 1 5\ntrailers 1 x=y\n");
  constexpr const char* kReset = "reset 1 PROTOCOL_ERROR DATA differs from Content-Length\n";
  EXPECT_EQ(run(data(1, "abcdef", true)), kReset);
  EXPECT_EQ(run(data(1, "abcdef")), kReset) << "not a byte too many is told";
  EXPECT_EQ(run(data(1, "abcd", true)), kReset);
  EXPECT_EQ(run(data(1, "abc") + data(1, "", true)), std::string("data 1 3\n") + kReset);
  EXPECT_EQ(run(data(1, "abc") + headers(1, {{"x", "y"}})), std::string("data 1 3\n") + kReset);
}

}  // namespace
}  // namespace turnpike::http::h2::testing
