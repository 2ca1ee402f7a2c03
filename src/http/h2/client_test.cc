// Sessions in the role of a client: what is asked, and what of a server's answers is believed.
#include <gtest/gtest.h>

#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

FieldList status(const std::string& code) { return {{":status", code}}; }

// What becomes of an answer to GET: the last event.
std::string answer(const FieldList& fields, bool end = true, Method method = Method::get) {
  Client client;
  client.request(method);
  client.receive(headers(1, fields, end));
  EXPECT_FALSE(client.session.failed());
  return client.events.log.empty() ? "nothing" : client.events.log.back();
}

TEST(ClientRequest, OnTheWire) {
  Client client;
  RequestHead head;
  head.method = Method::post;
  head.scheme = "https";
  head.authority = "ledger:9000";
  head.path = "/a";
  head.query = "b=c";
  head.has_query = true;
  Arena arena;
  head.fields.add(arena, "Host", "ledger:9000");
  head.fields.add(arena, "TE", "trailers");
  head.fields.add(arena, "Connection", "te");
  head.fields.add(arena, "X-Own", "1");
  EXPECT_EQ(client.session.submit_request(head, false, nullptr), 1u);
  head.fields.clear();
  head.fields.add(arena, "TE", "gzip");
  head.method = Method::options;
  head.path = "*";
  head.has_query = false;
  EXPECT_EQ(client.session.submit_request(head, true, nullptr), 3u);
  Decoder decoder(4096);
  EXPECT_EQ(describe(client.session, &decoder),
            "HEADERS 1 :method=POST :scheme=https :authority=ledger:9000 :path=/a?b=c te=trailers x-own=1\n"
            "HEADERS 3 end :method=OPTIONS :scheme=https :authority=ledger:9000 :path=*\n");
}

TEST(ClientRequest, Connect) {
  Client client;
  RequestHead head;
  head.method = Method::connect;
  head.authority = "db:5432";
  client.session.submit_request(head, false, nullptr);
  head.protocol = "websocket";
  head.scheme = "http";
  head.path = "/chat";
  client.session.submit_request(head, false, nullptr);
  Decoder decoder(4096);
  EXPECT_EQ(describe(client.session, &decoder),
            "HEADERS 1 :method=CONNECT :authority=db:5432\n"
            "HEADERS 3 :method=CONNECT :scheme=http :authority=db:5432 :path=/chat :protocol=websocket\n");
}

TEST(ClientRequest, ExtendedConnectWhereItIsOffered) {
  Client client;
  EXPECT_FALSE(client.session.peer_allows_connect_protocol());
  client.receive(settings({{Setting::enable_connect_protocol, 1}}));
  EXPECT_TRUE(client.session.peer_allows_connect_protocol());
  EXPECT_EQ(client.receive(settings({{Setting::enable_connect_protocol, 0}})).detail,
            "bad SETTINGS_ENABLE_CONNECT_PROTOCOL");
}

TEST(ClientRequest, AsManyAsTheServerAllows) {
  Client client({}, settings({{Setting::max_concurrent_streams, 2}}));
  EXPECT_EQ(client.session.max_open(), 2u);
  EXPECT_EQ(client.request(), 1u);
  EXPECT_EQ(client.request(), 3u);
  EXPECT_FALSE(client.session.may_open());
  EXPECT_EQ(client.request(), 0u);
  client.receive(headers(1, status("204")));
  EXPECT_EQ(client.request(), 5u);
  client.receive(settings({{Setting::max_concurrent_streams, 0}}));
  EXPECT_FALSE(client.session.may_open());
}

TEST(ClientResponse, HeadInterimContentTrailers) {
  Client client;
  client.request();
  client.receive(headers(1, status("100"), false) +
                 headers(1, with(status("103"), {{"link", "</x>"}}), false) +
                 headers(1, with(status("200"), {{"content-length", "3"}}), false) + data(1, "abc") +
                 headers(1, {{"grpc-status", "0"}}));
  EXPECT_EQ(client.events.take(),
            "response 1 100\nresponse 1 103 link=</x>\nresponse 1 200 content-length=3\ndata 1 3\ntrailers 1 "
            "grpc-status=0\n");
  EXPECT_EQ(client.events.exchange(1).response.framing, Framing::length);
  EXPECT_EQ(client.session.open_streams(), 0u);
}

TEST(ClientResponse, Status) {
  EXPECT_EQ(answer(status("200")), "response 1 200 end");
  EXPECT_EQ(answer(status("599")), "response 1 599 end");
  for (const char* code : {"", "20", "2000", "600", "099", "2x0", "+20", " 200", "200 "}) {
    const std::string text = answer(status(code));
    EXPECT_TRUE(text.starts_with("reset 1 PROTOCOL_ERROR")) << code << ": " << text;
  }
  EXPECT_EQ(answer({{"x", "y"}}), "reset 1 PROTOCOL_ERROR no :status");
  EXPECT_EQ(answer(status("101"), false), "reset 1 PROTOCOL_ERROR 101 in HTTP/2");
  EXPECT_EQ(answer(status("100"), true), "reset 1 PROTOCOL_ERROR interim response that ends the stream");
  EXPECT_EQ(answer({{":status", "200"}, {":status", "200"}}),
            "reset 1 PROTOCOL_ERROR pseudo-header field repeated");
  EXPECT_EQ(answer({{":status", "200"}, {":path", "/"}}),
            "reset 1 PROTOCOL_ERROR pseudo-header field that does not belong here");
  EXPECT_EQ(answer(with(status("200"), {{"connection", "close"}})),
            "reset 1 PROTOCOL_ERROR connection-specific field");
  EXPECT_EQ(answer(with(status("200"), {{"X", ""}})),
            "reset 1 PROTOCOL_ERROR forbidden byte in a field name or value");
}

TEST(ClientResponse, WithoutContent) {  // RFC 9110 §6.4.1
  const auto run = [](Method method, const std::string& code, const std::string& content,
                      const FieldList& more = {}) {
    Client client;
    client.request(method);
    client.receive(headers(1, with(status(code), more), false) + data(1, content, true));
    return client.events.log.back();
  };
  EXPECT_EQ(run(Method::head, "200", "", {{"content-length", "5"}}), "data 1 0 end");
  EXPECT_EQ(run(Method::head, "200", "x"), "reset 1 PROTOCOL_ERROR DATA differs from Content-Length");
  EXPECT_EQ(run(Method::get, "204", "x"), "reset 1 PROTOCOL_ERROR DATA differs from Content-Length");
  EXPECT_EQ(run(Method::get, "304", "x"), "reset 1 PROTOCOL_ERROR DATA differs from Content-Length");
  EXPECT_EQ(run(Method::get, "304", "", {{"content-length", "5"}}), "data 1 0 end");
  // Where the length is a lie in any case.
  EXPECT_EQ(answer(with(status("204"), {{"content-length", "5"}}), false),
            "reset 1 PROTOCOL_ERROR Content-Length in a response without content");
}

TEST(ClientResponse, ContentLength) {  // §8.1.1
  EXPECT_EQ(answer(with(status("200"), {{"content-length", "5"}})),
            "reset 1 PROTOCOL_ERROR Content-Length without content");
  EXPECT_EQ(answer(with(status("200"), {{"content-length", "5"}}), true, Method::head),
            "response 1 200 end content-length=5");
  EXPECT_EQ(answer(with(status("304"), {{"content-length", "5"}})), "response 1 304 end content-length=5");
  EXPECT_EQ(answer(with(status("204"), {{"content-length", "0"}})), "response 1 204 end");
  EXPECT_EQ(answer(with(status("200"), {{"content-length", "x"}})),
            "reset 1 PROTOCOL_ERROR malformed Content-Length");
}

TEST(ClientResponse, OutOfOrder) {
  Client client;
  client.request();
  client.receive(data(1, "x"));
  EXPECT_EQ(client.events.take(), "reset 1 PROTOCOL_ERROR DATA in front of a response\n");
  client.request();
  client.receive(headers(3, status("200"), false) + headers(3, status("200"), false));
  EXPECT_EQ(client.events.log.back(), "reset 3 PROTOCOL_ERROR trailers that do not end the stream");
  EXPECT_EQ(client.receive(headers(9, status("200"))).detail, "HEADERS on an idle stream");
  EXPECT_EQ(client.events.log.size(), 2u);
}

TEST(ClientResponse, TooManyInterimOnes) {
  Client client;
  client.request();
  for (int i = 0; i < 33; ++i) client.receive(headers(1, status("103"), false));
  EXPECT_EQ(client.events.log.back(), "reset 1 ENHANCE_YOUR_CALM too many interim responses");
}

TEST(ClientResponse, BeforeTheRequestHasEnded) {
  Client client;
  client.request(Method::post, false);
  client.receive(headers(1, status("413")));
  EXPECT_EQ(client.events.take(), "response 1 413 end\n");
  EXPECT_EQ(client.session.open_streams(), 1u);
  client.receive(rst_stream(1, ErrorCode::no_error));
  EXPECT_EQ(client.events.take(), "reset 1 NO_ERROR by peer\n");
  EXPECT_EQ(client.session.open_streams(), 0u);
}

TEST(ClientGoaway, StreamsBehindItMayBeTriedAgain) {
  Client client;
  client.request();
  client.request();
  client.request();
  client.receive(goaway_frame(3, ErrorCode::no_error, "upgrade"));
  EXPECT_EQ(client.events.take(), "goaway 3 NO_ERROR upgrade\nreset 5 REFUSED_STREAM by peer\n");
  EXPECT_EQ(client.receive(headers(5, status("200"), false) + data(5, "x")).kind, ErrorKind::none)
      << "ignored";
  EXPECT_FALSE(client.session.may_open());
  EXPECT_TRUE(client.session.closing());
  client.receive(headers(1, status("200")));
  EXPECT_EQ(client.events.take(), "response 1 200 end\n");
  client.receive(goaway_frame(1, ErrorCode::no_error));
  EXPECT_EQ(client.events.take(), "goaway 1 NO_ERROR \nreset 3 REFUSED_STREAM by peer\n");
  EXPECT_EQ(client.session.open_streams(), 0u);
}

TEST(Client, PushesAndOtherLiberties) {
  const auto error = [](std::string_view bytes) {
    Client client;
    client.request();
    return std::string(client.receive(bytes).detail);
  };
  EXPECT_EQ(error(frame(FrameType::push_promise, flag::kEndHeaders, 1, number(2, 4))),
            "PUSH_PROMISE, which was not allowed");
  EXPECT_EQ(error(headers(2, status("200"))), "HEADERS on a stream that no client opens");
  EXPECT_EQ(error(settings({{Setting::enable_push, 1}})), "bad SETTINGS_ENABLE_PUSH");
  EXPECT_EQ(error(frame(FrameType::priority_update, 0, 0, number(1, 4) + "u=1")),
            "PRIORITY_UPDATE from a server");
  EXPECT_EQ(error(window_update(3, 1)), "WINDOW_UPDATE on an idle stream");
  Client client;
  EXPECT_EQ(client.receive(data(1, "x")).source, ErrorSource::upstream);
}

TEST(Client, CancelledStreamsKeepTheTableInStep) {
  Client client;
  client.request();
  client.session.reset(1, ErrorCode::cancel);
  EXPECT_EQ(client.sent().substr(10), "end\nRST_STREAM 1 CANCEL\n");
  client.request();
  const std::string first = literals(status("200")) + std::string("\x40\x01x\x01y", 5);
  client.receive(frame(FrameType::headers, flag::kEndHeaders, 1, first) + data(1, "late", true));
  client.receive(
      frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 3, literals(status("200")) + "\xbe"));
  EXPECT_EQ(client.events.take(), "response 3 200 end x=y\n");
}

// A client and a server of ours, talking to each other.
class Pair {
 public:
  Limits limits;
  Recorder client_events;
  Recorder server_events;
  Session client{Role::client, limits, client_events, {}};
  Session server{Role::server, limits, server_events, {}};

  Pair() {
    client_events.session = &client;
    server_events.session = &server;
    pump();
  }
  void pump() {
    while (client.wants_write() || server.wants_write()) {
      carry(client, server);
      carry(server, client);
    }
  }

 private:
  static void carry(Session& from, Session& to) {
    const std::string bytes = take_output(from);
    const Error error = bytes.empty() ? Error{} : to.receive(bytes, {});
    ASSERT_EQ(error.kind, ErrorKind::none) << error.detail;
  }
};

TEST(BothRoles, ManyExchanges) {
  Pair pair;
  const std::string content(5000, 'c');
  const iovec piece{const_cast<char*>(content.data()), content.size()};
  for (int round = 0; round < 1000; ++round) {
    RequestHead request;
    request.method = Method::post;
    request.scheme = "https";
    request.authority = "ledger";
    const StreamId id = pair.client.submit_request(request, false, nullptr);
    ASSERT_NE(id, 0u);
    pair.client.set_owner(id, &pair.client_events.exchange(id));
    ASSERT_EQ(pair.client.send_data(id, {&piece, 1}, true), content.size());
    pair.pump();
    ASSERT_TRUE(pair.server_events.exchange(id).content == content);
    ResponseHead head;
    head.status = 200;
    Arena arena;
    head.fields.add(arena, "Content-Type", "text/plain");
    head.fields.add(arena, "Content-Length", "5000");
    pair.server.send_response(id, head, false);
    ASSERT_EQ(pair.server.send_data(id, {&piece, 1}, true), content.size());
    pair.pump();
    ASSERT_TRUE(pair.client_events.exchange(id).content == content);
    ASSERT_TRUE(pair.client_events.exchange(id).ended);
    ASSERT_EQ(pair.client.open_streams() + pair.server.open_streams(), 0u);
    pair.client_events.exchanges.clear();
    pair.server_events.exchanges.clear();
  }
}

}  // namespace
}  // namespace turnpike::http::h2::testing
