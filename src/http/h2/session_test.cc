// The connection: its preface, SETTINGS, PING, GOAWAY, the order of frames, and the states of streams.
#include "http/h2/session.h"

#include <gtest/gtest.h>

#include <random>

#include "base/free_list.h"
#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

ResponseHead response(std::uint16_t status) {
  ResponseHead head;
  head.status = status;
  return head;
}
std::size_t send(Session& session, StreamId id, std::string_view content, bool end) {
  const iovec piece{const_cast<char*>(content.data()), content.size()};
  return session.send_data(id, {&piece, 1}, end);
}

// The error that ends a server's connection on these bytes: "PROTOCOL_ERROR detail".
std::string ends_with(std::string_view bytes) {
  Server server;
  const Error error = server.receive(bytes);
  EXPECT_EQ(error.kind == ErrorKind::none, !server.session.failed());
  if (error.kind == ErrorKind::none) return "goes on";
  EXPECT_EQ(error.kind, ErrorKind::http2_error);
  EXPECT_EQ(error.source, ErrorSource::client);
  std::string last;
  for (const Sent& sent : split_frames(take_output(server.session))) last = describe(sent);
  EXPECT_TRUE(last.starts_with("GOAWAY")) << last;
  EXPECT_EQ(server.session.open_streams(), 0u);
  return last.substr(last.rfind(' ') + 1) + " " + std::string(error.detail);
}
// The stream error on stream 1: "STREAM_CLOSED detail".
std::string resets_with(std::string_view bytes) {
  Server server;
  server.receive(bytes);
  EXPECT_FALSE(server.session.failed());
  const std::string line = server.events.log.back();
  const std::string prefix = "reset 1 ";
  if (!line.starts_with(prefix)) return line;
  const std::string code = line.substr(prefix.size(), line.find(' ', prefix.size()) - prefix.size());
  EXPECT_EQ(server.sent(), "RST_STREAM 1 " + code + "\n");
  return line.substr(prefix.size());
}

// --- the preface

TEST(Preface, OfAServer) {
  Recorder events;
  const Limits limits;
  Session session(Role::server, limits, events, {});
  const std::vector<Sent> sent = split_frames(take_output(session));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(describe(sent[0]), "SETTINGS");
  EXPECT_EQ(sent[0].payload, number(3, 2) + number(128, 4) + number(8, 2) + number(1, 4) + number(9, 2) +
                                 number(1, 4) + number(4, 2) + number(256 * 1024, 4) + number(6, 2) +
                                 number(32 * 1024, 4));
  EXPECT_EQ(describe(sent[1]), "WINDOW_UPDATE " + std::to_string(1024 * 1024 - 65535));
  EXPECT_EQ(session.bytes_held(), 0u) << "an idle connection holds no memory beside itself";
}

TEST(Preface, OfAClient) {
  Recorder events;
  const Limits limits;
  Session session(Role::client, limits, events, {});
  const std::string bytes = take_output(session);
  EXPECT_TRUE(bytes.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_EQ(describe(split_frames(bytes)[0]), "SETTINGS");
  EXPECT_EQ(split_frames(bytes)[0].payload.substr(0, 6), number(2, 2) + number(0, 4)) << "no pushes";
}

TEST(Preface, ByteByByteAndWrong) {
  Recorder events;
  const Limits limits;
  Session session(Role::server, limits, events, {});
  const std::string bytes = std::string(kPreface) + settings();
  for (const char c : bytes) EXPECT_EQ(session.receive({&c, 1}, {}).kind, ErrorKind::none);
  EXPECT_EQ(events.take(), "settings\n");
  Session other(Role::server, limits, events, {});
  EXPECT_EQ(other.receive("PRI * HTTP/1.1\r\n", {}).detail, "no HTTP/2 preface");
  Session third(Role::server, limits, events, {});
  EXPECT_EQ(third.receive(std::string(kPreface) + headers(1, get()), {}).detail,
            "first frame is not SETTINGS");
  Session fourth(Role::client, limits, events, {});
  EXPECT_EQ(fourth.receive(settings_ack(), {}).detail, "first frame is not SETTINGS");
}

// --- the connection's frames

TEST(Settings, AreAcknowledgedInOrder) {
  Server server;
  server.receive(settings({{Setting::max_concurrent_streams, 7}}) + frame(FrameType::ping, 0, 0, "12345678"));
  EXPECT_EQ(server.sent(), "SETTINGS ack\nPING ack 12345678\n");
  EXPECT_EQ(server.events.take(), "settings\n");
  EXPECT_TRUE(server.session.settings_acknowledged());
}

TEST(Settings, BadValues) {
  const auto set = [](std::uint16_t setting, std::uint32_t value) {
    return ends_with(settings({{static_cast<Setting>(setting), value}}));
  };
  EXPECT_EQ(set(2, 2), "PROTOCOL_ERROR bad SETTINGS_ENABLE_PUSH");
  EXPECT_EQ(set(2, 1), "goes on");
  EXPECT_EQ(set(4, 0x80000000), "FLOW_CONTROL_ERROR SETTINGS_INITIAL_WINDOW_SIZE too large");
  EXPECT_EQ(set(4, 0x7fffffff), "goes on");
  EXPECT_EQ(set(5, 16383), "PROTOCOL_ERROR bad SETTINGS_MAX_FRAME_SIZE");
  EXPECT_EQ(set(5, 16777216), "PROTOCOL_ERROR bad SETTINGS_MAX_FRAME_SIZE");
  EXPECT_EQ(set(5, 16777215), "goes on");
  EXPECT_EQ(set(8, 2), "PROTOCOL_ERROR bad SETTINGS_ENABLE_CONNECT_PROTOCOL");
  EXPECT_EQ(set(9, 2), "PROTOCOL_ERROR bad SETTINGS_NO_RFC7540_PRIORITIES");
  EXPECT_EQ(set(0xffff, 0xffffffff), "goes on") << "unknown settings are ignored";
}

TEST(Frames, SizesAndStreams) {  // §4.2, §6
  const auto one = [](FrameType type, std::uint8_t flags, StreamId stream, std::size_t size) {
    return ends_with(frame(type, flags, stream, std::string(size, '\0')));
  };
  EXPECT_EQ(one(FrameType::data, 0, 0, 1), "PROTOCOL_ERROR frame of a stream on stream 0");
  EXPECT_EQ(one(FrameType::headers, flag::kEndHeaders, 0, 1), "PROTOCOL_ERROR frame of a stream on stream 0");
  EXPECT_EQ(one(FrameType::priority, 0, 0, 5), "PROTOCOL_ERROR PRIORITY on stream 0");
  EXPECT_EQ(one(FrameType::rst_stream, 0, 0, 4), "PROTOCOL_ERROR RST_STREAM on stream 0");
  EXPECT_EQ(one(FrameType::rst_stream, 0, 1, 3), "FRAME_SIZE_ERROR RST_STREAM of another size than 4");
  EXPECT_EQ(one(FrameType::settings, 0, 1, 6), "PROTOCOL_ERROR SETTINGS on a stream");
  EXPECT_EQ(one(FrameType::settings, 0, 0, 5),
            "FRAME_SIZE_ERROR SETTINGS of a size that is no multiple of 6");
  EXPECT_EQ(one(FrameType::settings, flag::kAck, 0, 6),
            "FRAME_SIZE_ERROR acknowledgement of SETTINGS with content");
  EXPECT_EQ(one(FrameType::push_promise, flag::kEndHeaders, 1, 6),
            "PROTOCOL_ERROR PUSH_PROMISE, which was not allowed");
  EXPECT_EQ(one(FrameType::ping, 0, 1, 8), "PROTOCOL_ERROR PING on a stream");
  EXPECT_EQ(one(FrameType::ping, 0, 0, 7), "FRAME_SIZE_ERROR PING of another size than 8");
  EXPECT_EQ(one(FrameType::goaway, 0, 1, 8), "PROTOCOL_ERROR GOAWAY on a stream");
  EXPECT_EQ(one(FrameType::goaway, 0, 0, 7), "FRAME_SIZE_ERROR GOAWAY too short");
  EXPECT_EQ(one(FrameType::window_update, 0, 0, 5), "FRAME_SIZE_ERROR WINDOW_UPDATE of another size than 4");
  EXPECT_EQ(one(FrameType::continuation, 0, 1, 1), "PROTOCOL_ERROR CONTINUATION without a header block");
  EXPECT_EQ(one(FrameType::data, 0, 1, 16385), "FRAME_SIZE_ERROR frame larger than SETTINGS_MAX_FRAME_SIZE");
  EXPECT_EQ(one(static_cast<FrameType>(200), 0xff, 7, 100), "goes on") << "unknown frames are ignored (§4.1)";
  EXPECT_EQ(one(FrameType::priority_update, 0, 0, 3), "FRAME_SIZE_ERROR PRIORITY_UPDATE too short");
  EXPECT_EQ(one(FrameType::priority_update, 0, 1, 5), "PROTOCOL_ERROR PRIORITY_UPDATE on a stream");
  EXPECT_EQ(one(FrameType::priority_update, 0, 0, 5),
            "PROTOCOL_ERROR PRIORITY_UPDATE of a stream that no client opens");
}

TEST(Frames, OnIdleStreams) {  // §5.1
  EXPECT_EQ(ends_with(data(1, "x")), "PROTOCOL_ERROR DATA on an idle stream");
  EXPECT_EQ(ends_with(rst_stream(1, ErrorCode::cancel)), "PROTOCOL_ERROR RST_STREAM on an idle stream");
  EXPECT_EQ(ends_with(window_update(1, 1)), "PROTOCOL_ERROR WINDOW_UPDATE on an idle stream");
  EXPECT_EQ(ends_with(window_update(2, 1)), "PROTOCOL_ERROR WINDOW_UPDATE on an idle stream");
  EXPECT_EQ(ends_with(frame(FrameType::priority, 0, 9, number(7, 4) + "\x10")), "goes on");
}

TEST(Frames, StreamIds) {  // §5.1.1
  EXPECT_EQ(ends_with(headers(2, get())), "PROTOCOL_ERROR HEADERS on a stream that no client opens");
  EXPECT_EQ(ends_with(headers(5, get()) + headers(3, get())),
            "PROTOCOL_ERROR stream id below that of an earlier stream");
  EXPECT_EQ(ends_with(headers(1, get()) + headers(0x7fffffff, get())), "goes on");
}

TEST(Frames, HeaderBlocksAreNotInterrupted) {  // §4.3, §6.10
  const std::string open = frame(FrameType::headers, flag::kEndStream, 1, literals(get()));
  const auto more = [](StreamId id, std::uint8_t flags) {
    return frame(FrameType::continuation, flags, id, literals({{"x", "y"}}));
  };
  EXPECT_EQ(ends_with(open + more(1, 0) + more(1, flag::kEndHeaders)), "goes on");
  EXPECT_EQ(ends_with(open + more(3, flag::kEndHeaders)),
            "PROTOCOL_ERROR header block interrupted by another frame");
  EXPECT_EQ(ends_with(open + data(1, "x")), "PROTOCOL_ERROR header block interrupted by another frame");
  EXPECT_EQ(ends_with(open + frame(FrameType::ping, 0, 0, "12345678")),
            "PROTOCOL_ERROR header block interrupted by another frame");
  EXPECT_EQ(ends_with(open + frame(static_cast<FrameType>(99), 0, 0, "")),
            "PROTOCOL_ERROR header block interrupted by another frame");
  EXPECT_EQ(ends_with(open + more(1, flag::kEndHeaders) + more(1, flag::kEndHeaders)),
            "PROTOCOL_ERROR CONTINUATION without a header block");
  Server server;
  server.receive(open + more(1, 0) + more(1, flag::kEndHeaders));
  EXPECT_EQ(server.events.take(), "request 1 GET https shop.example / end x=y x=y\n");
}

TEST(Frames, BrokenHpackEndsTheConnection) {
  EXPECT_EQ(ends_with(frame(FrameType::headers, flag::kEndHeaders, 1, "\xbe")),
            "COMPRESSION_ERROR index beyond the header tables");
  Server server;
  server.receive(frame(FrameType::headers, flag::kEndHeaders, 1, "\xbe"));
  EXPECT_EQ(server.events.take(), "refused 1 0 index beyond the header tables\n") << "lets go of the arena";
}

TEST(Frames, PaddingOfHeaders) {
  Server server;
  const std::string block = literals(get());
  server.receive(frame(FrameType::headers,
                       flag::kEndHeaders | flag::kEndStream | flag::kPadded | flag::kPriority, 1,
                       "\x03" + number(0x80000005, 4) + "\x10" + block + std::string(3, '\0')));
  EXPECT_EQ(server.events.take(), "request 1 GET https shop.example / end\n");
  EXPECT_EQ(ends_with(frame(FrameType::headers, flag::kEndHeaders | flag::kPadded, 1, "\xff" + block)),
            "PROTOCOL_ERROR padding longer than its frame");
  EXPECT_EQ(ends_with(frame(FrameType::headers, flag::kEndHeaders | flag::kPriority, 1, "abc")),
            "FRAME_SIZE_ERROR HEADERS too short for its priority");
}

// --- states (§5.1)

TEST(States, HalfClosedRemote) {
  EXPECT_EQ(resets_with(headers(1, get()) + data(1, "x")), "STREAM_CLOSED DATA on a half-closed stream");
  EXPECT_EQ(resets_with(headers(1, get()) + headers(1, {{"x", "y"}})),
            "STREAM_CLOSED HEADERS on a half-closed stream");
  Server server;
  server.receive(headers(1, get()) + window_update(1, 5) +
                 frame(FrameType::priority, 0, 1, number(0, 4) + "\x10") + rst_stream(1, ErrorCode::cancel));
  EXPECT_EQ(server.events.log.back(), "reset 1 CANCEL by peer");
}

TEST(States, ClosedByBothEnds) {
  const auto closed = [](std::string_view bytes) {
    Server server;
    server.receive(headers(1, get()));
    server.session.send_response(1, response(204), true);
    EXPECT_EQ(server.session.open_streams(), 0u);
    const Error error = server.receive(bytes);
    return std::string(error.detail);
  };
  EXPECT_EQ(closed(data(1, "x")), "DATA on a closed stream");
  EXPECT_EQ(closed(headers(1, {{"x", "y"}})), "HEADERS on a closed stream");
  EXPECT_EQ(closed(rst_stream(1, ErrorCode::no_error)), "") << "may have been on its way";
  EXPECT_EQ(closed(window_update(1, 1)), "");
  EXPECT_EQ(closed(window_update(1, 0)), "WINDOW_UPDATE of 0");
  EXPECT_EQ(closed(frame(FrameType::priority, 0, 1, "1234")), "PRIORITY of another size than 5");
  EXPECT_EQ(closed(frame(FrameType::priority, 0, 1, number(0, 4) + "\x10")), "");
}

TEST(States, ClosedByThePeersReset) {
  EXPECT_EQ(ends_with(headers(1, get()) + rst_stream(1, ErrorCode::cancel) + data(1, "x")),
            "STREAM_CLOSED DATA on a closed stream");
  EXPECT_EQ(ends_with(headers(1, get()) + rst_stream(1, ErrorCode::cancel) + headers(1, get())),
            "STREAM_CLOSED HEADERS on a closed stream");
}

TEST(States, ClosedByOurReset) {
  Server server;
  server.receive(headers(1, post(), false));
  server.session.reset(1, ErrorCode::cancel);
  EXPECT_EQ(server.sent(), "RST_STREAM 1 CANCEL\n");
  server.events.take();
  // What was on its way is ignored, but its block is decoded: the next request depends on it.
  const std::string block = std::string("\x40\x01x\x01y", 5);
  server.receive(data(1, "late") + frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 1, block));
  EXPECT_FALSE(server.session.failed());
  EXPECT_EQ(server.events.take(), "");
  server.receive(
      frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 3, literals(get()) + "\xbe"));
  EXPECT_EQ(server.events.take(), "request 3 GET https shop.example / end x=y\n");
}

TEST(States, ContentMayOutliveBothEnds) {
  Server server;
  server.events.consume = false;
  server.receive(headers(1, post(), false) + data(1, "abc", true));
  server.session.send_response(1, response(200), true);
  EXPECT_EQ(server.session.open_streams(), 0u);
  EXPECT_GT(server.session.bytes_held(), sizeof(Stream));
  server.session.consumed(1, 3);
  take_output(server.session);
  EXPECT_LT(server.session.bytes_held(), sizeof(Stream) + 512) << "only the ids of closed streams";
  server.session.reset(1, ErrorCode::cancel);
  EXPECT_EQ(server.sent(), "") << "it is dead";
}

TEST(States, EverySettingOfOwnersInHandlers) {
  struct Owner final : Recorder {
    void* on_request(StreamId id, RequestHead&& head, bool end) override {
      void* const owner = Recorder::on_request(id, std::move(head), end);
      if (id == 1) session->send_response(id, response(204), true);
      if (id == 3) session->reset(id, ErrorCode::cancel);
      if (id == 5) return nullptr;
      return owner;
    }
  } events;
  const Limits limits;
  Session session(Role::server, limits, events, {});
  events.session = &session;
  take_output(session);
  session.receive(
      std::string(kPreface) + settings() + headers(1, get()) + headers(3, get()) + headers(5, get()), {});
  EXPECT_EQ(describe(session),
            "SETTINGS ack\nHEADERS 1 end\nRST_STREAM 3 CANCEL\nRST_STREAM 5 REFUSED_STREAM\n");
  EXPECT_EQ(session.open_streams(), 0u);
}

TEST(States, ConcurrentStreams) {  // §5.1.2
  Limits limits;
  limits.concurrent_streams = 2;
  Server server(limits);
  server.receive(headers(1, get()) + headers(3, get()) + headers(5, get()));
  EXPECT_EQ(server.sent(), "RST_STREAM 5 REFUSED_STREAM\n");
  EXPECT_EQ(server.events.log.back(), "refused 5 0 more concurrent streams than allowed");
  server.session.send_response(1, response(204), true);
  server.receive(headers(7, get()));
  EXPECT_EQ(server.events.log.back(), "request 7 GET https shop.example / end");
}

// --- responses

TEST(Response, HeadContentTrailers) {
  Server server;
  server.receive(headers(1, get()));
  server.session.send_response(1, response(103), false);
  ResponseHead head = response(200);
  Arena arena;
  head.fields.add(arena, "Content-Type", "text/plain");
  head.fields.add(arena, "Connection", "close");
  head.fields.add(arena, "Transfer-Encoding", "chunked");
  server.session.send_response(1, head, false);
  EXPECT_EQ(send(server.session, 1, "hello", false), 5u);
  Fields trailers;
  trailers.add(arena, "Grpc-Status", "0");
  server.session.send_trailers(1, trailers);
  Decoder decoder(4096);
  EXPECT_EQ(describe(server.session, &decoder),
            "HEADERS 1 :status=103\nHEADERS 1 :status=200 content-type=text/plain\nDATA 1 5\n"
            "HEADERS 1 end grpc-status=0\n");
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Response, EndsInEachWay) {
  const auto run = [](auto&& finish) {
    Server server;
    server.receive(headers(1, get()));
    server.session.send_response(1, response(200), false);
    take_output(server.session);
    finish(server.session);
    EXPECT_EQ(server.session.open_streams(), 0u);
    return server.sent();
  };
  EXPECT_EQ(run([](Session& s) { send(s, 1, "ab", true); }), "DATA 1 2 end\n");
  EXPECT_EQ(run([](Session& s) { s.send_data(1, {}, true); }), "DATA 1 0 end\n");
  EXPECT_EQ(run([](Session& s) { s.send_trailers(1, {}); }), "DATA 1 0 end\n");
  EXPECT_EQ(run([](Session& s) { s.reset(1, ErrorCode::internal_error); }), "RST_STREAM 1 INTERNAL_ERROR\n");
}

TEST(Response, LargeHeadsAreSplit) {
  Server server;
  server.receive(headers(1, get()));
  ResponseHead head = response(200);
  Arena arena;
  const std::string value(40'000, '\x7f' - 1);  // "~": 13 bits of Huffman code, so it stays as it is
  head.fields.add(arena, "x", value);
  server.session.send_response(1, head, true);
  const std::vector<Sent> sent = split_frames(take_output(server.session));
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(describe(sent[0]), "HEADERS 1 end");
  EXPECT_EQ(describe(sent[2]), "CONTINUATION 1");
  EXPECT_FALSE(sent[1].header.has(flag::kEndHeaders));
  EXPECT_TRUE(sent[2].header.has(flag::kEndHeaders));
  Decoder decoder(4096);
  Arena out;
  DecodedField field;
  const std::string block = sent[0].payload + sent[1].payload + sent[2].payload;
  decoder.begin(block);
  EXPECT_EQ(decoder.next(out, field), Decoder::Step::field);
  EXPECT_EQ(decoder.next(out, field), Decoder::Step::field);
  EXPECT_EQ(field.value, value);
}

// --- the end of a connection

TEST(Goaway, GracefulDrain) {
  Server server;
  server.receive(headers(1, get()));
  server.session.begin_drain();
  EXPECT_EQ(server.sent(), "GOAWAY 2147483647 NO_ERROR\n");
  EXPECT_FALSE(server.session.closing());
  server.receive(headers(3, get()));
  EXPECT_EQ(server.events.log.back(), "request 3 GET https shop.example / end") << "was on its way";
  server.session.finish_drain();
  EXPECT_EQ(server.sent(), "GOAWAY 3 NO_ERROR\n");
  EXPECT_TRUE(server.session.closing());
  server.receive(headers(5, get()) + headers(7, post(), false) + data(7, "late"));
  EXPECT_EQ(server.sent(), "RST_STREAM 5 REFUSED_STREAM\nRST_STREAM 7 REFUSED_STREAM\n");
  server.session.send_response(1, response(200), true);
  server.session.send_response(3, response(200), true);
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Goaway, OfTheClientStopsNothing) {
  Server server;
  server.receive(headers(1, get()) + goaway_frame(0, ErrorCode::no_error, "bye"));
  EXPECT_EQ(server.events.log.back(), "goaway 0 NO_ERROR bye");
  EXPECT_TRUE(server.session.closing());
  EXPECT_EQ(server.session.open_streams(), 1u);
}

TEST(Session, FailureResetsEveryStream) {
  Server server;
  server.receive(headers(1, get()) + headers(3, post(), false));
  server.events.take();
  EXPECT_EQ(server.receive(data(99, "x")).kind, ErrorKind::http2_error);
  const std::string text = server.events.take();
  EXPECT_NE(text.find("reset 1 PROTOCOL_ERROR DATA on an idle stream\n"), std::string::npos) << text;
  EXPECT_NE(text.find("reset 3 PROTOCOL_ERROR DATA on an idle stream\n"), std::string::npos) << text;
  EXPECT_EQ(server.sent(), "GOAWAY 3 PROTOCOL_ERROR\n");
  EXPECT_EQ(server.receive(headers(5, get())).detail, "DATA on an idle stream") << "nothing is read any more";
  server.session.send_response(1, response(200), true);
  EXPECT_EQ(server.sent(), "");
}

TEST(Session, AbandonTellsEveryStream) {
  Server server;
  server.receive(headers(1, get()) + headers(3, get()));
  server.session.send_response(1, response(200), false);
  server.events.take();
  server.session.abandon(ErrorCode::cancel);
  EXPECT_EQ(server.events.log.size(), 2u);
  EXPECT_FALSE(server.session.wants_write());
  EXPECT_TRUE(server.session.failed());
}

TEST(Session, PingsAreAnsweredAndAsked) {
  Server server;
  server.session.ping();
  server.session.ping();
  const std::vector<Sent> sent = split_frames(take_output(server.session));
  ASSERT_EQ(sent.size(), 1u);
  server.receive(frame(FrameType::ping, flag::kAck, 0, sent[0].payload));
  EXPECT_EQ(server.events.take(), "ping ack\n");
}

// --- memory

static_assert(sizeof(Session) <= 640, "each idle connection holds one");
static_assert(sizeof(Stream) <= 64, "one block of the free list");

// What an exchange takes from the free list it gives back: none of it is asked of the heap again.
TEST(Session, TakesNothingFromTheHeapInSteadyState) {
  Server server;
  const std::string content(3000, 'c');
  std::size_t cached = 0;
  for (StreamId id = 1; id < 400; id += 2) {
    server.receive(headers(id, with(post("/upload"), {{"cookie", "a=b"}, {"cookie", "c=d"}}), false) +
                   data(id, content, true));
    {
      Arena arena;
      ResponseHead head = response(200);
      head.fields.add(arena, "Content-Type", "text/plain");
      server.session.send_response(id, head, false);
    }
    EXPECT_EQ(send(server.session, id, content, true), content.size());
    take_output(server.session);
    server.events.exchanges.clear();
    server.events.log.clear();
    server.receive(window_update(0, 3000));
    if (id > 200 && cached == 0) cached = free_list_cached_bytes();
    if (id > 200) EXPECT_EQ(free_list_cached_bytes(), cached) << id;
  }
  EXPECT_LT(server.session.bytes_held(), 2048u) << "tables as far as they are filled, ids of closed streams";
}

// --- bytes in any pieces

TEST(Session, AnyPiecesGiveTheSame) {
  std::string bytes = std::string(kPreface) + settings({{Setting::header_table_size, 100}}) + settings_ack();
  bytes += headers(1, with(post("/upload"), {{"content-length", "700"}}), false);
  bytes += data(1, std::string(300, 'a'));
  bytes += frame(FrameType::data, flag::kPadded | flag::kEndStream, 1,
                 "\x20" + std::string(400, 'b') + std::string(32, '\0'));
  bytes += frame(FrameType::headers, flag::kEndStream, 3, literals(get()).substr(0, 30));
  bytes += frame(FrameType::continuation, flag::kEndHeaders, 3, literals(get()).substr(30));
  bytes += frame(static_cast<FrameType>(77), 3, 3, "unknown") + frame(FrameType::ping, 0, 0, "abcdefgh");
  bytes +=
      headers(5, post(), false) + data(5, "x") + headers(5, {{"a", "b"}}) + rst_stream(3, ErrorCode::cancel);
  const auto run = [&bytes](auto&& next_size) {
    Recorder events;
    const Limits limits;
    Session session(Role::server, limits, events, {});
    events.session = &session;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(next_size(), rest.size());
      EXPECT_EQ(session.receive(rest.substr(0, size), {}).kind, ErrorKind::none);
      rest.remove_prefix(size);
    }
    std::string text;
    for (const std::string& line : events.log) {
      if (!line.starts_with("data")) text += line + "\n";  // content comes as it is cut
    }
    return text + events.exchanges[1]->content + events.exchanges[5]->content + describe(session);
  };
  const std::string whole = run([&] { return bytes.size(); });
  for (std::size_t size = 1; size < 40; ++size) EXPECT_EQ(run([size] { return size; }), whole) << size;
  std::mt19937 random(5);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run([&] { return 1 + random() % 100; }), whole);
}

}  // namespace
}  // namespace turnpike::http::h2::testing
