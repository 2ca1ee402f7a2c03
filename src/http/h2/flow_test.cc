// Flow control (RFC 9113 §5.2, §6.9), and whose turn it is to send (RFC 9218).
#include <gtest/gtest.h>

#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

ResponseHead ok() {
  ResponseHead head;
  head.status = 200;
  return head;
}
std::size_t send(Session& session, StreamId id, std::size_t size, bool end = false) {
  const std::string content(size, 'x');
  const iovec piece{const_cast<char*>(content.data()), content.size()};
  return session.send_data(id, {&piece, 1}, end);
}
// A server with these streams open, responses begun, nothing in its output.
struct Downloads : Server {
  explicit Downloads(std::initializer_list<StreamId> ids, std::string_view client_settings = settings(),
                     Limits limits = {})
      : Server(limits, client_settings) {
    for (const StreamId id : ids) {
      receive(headers(id, get()));
      session.send_response(id, ok(), false);
    }
    take_output(session);
    events.log.clear();
  }
};

// --- what the peer may send

TEST(Receiving, WindowsOpenWhenContentIsConsumed) {
  Server server;
  server.events.consume = false;
  server.receive(headers(1, post(), false));
  const std::string piece(16384, 'x');
  for (int i = 0; i < 16; ++i) server.receive(data(1, piece));
  EXPECT_EQ(server.events.exchange(1).content.size(), 262144u) << "the whole window of the stream";
  EXPECT_EQ(server.sent(), "") << "nobody has read any of it";
  server.session.consumed(1, 100'000);
  EXPECT_EQ(server.sent(), "");
  server.session.consumed(1, 31'072);
  EXPECT_EQ(server.sent(), "WINDOW_UPDATE 1 131072\n") << "when half of it was read";
  server.session.consumed(1, 131'072);
  EXPECT_EQ(server.sent(), "WINDOW_UPDATE 1 131072\n");
}

TEST(Receiving, ConnectionWindow) {
  Limits limits;
  limits.connection_window = 98'000;
  Server server(limits);
  server.events.consume = false;
  server.receive(headers(1, post(), false) + headers(3, post(), false));
  for (const StreamId id : {1u, 3u, 1u}) server.receive(data(id, std::string(16384, 'x')));
  server.session.consumed(1, 32768);
  EXPECT_EQ(server.sent(), "");
  server.session.reset(3, ErrorCode::cancel);
  EXPECT_EQ(server.sent(), "WINDOW_UPDATE 49152\nRST_STREAM 3 CANCEL\n")
      << "what a dead stream held counts as read";
}

TEST(Receiving, BeyondTheWindow) {
  Server server;
  server.events.consume = false;
  server.receive(headers(1, post(), false));
  for (int i = 0; i < 16; ++i) server.receive(data(1, std::string(16384, 'x')));
  server.events.take();
  server.receive(data(1, "x"));
  EXPECT_EQ(server.events.take(), "reset 1 FLOW_CONTROL_ERROR DATA beyond the window of the stream\n");
  Limits limits;
  limits.connection_window = 0;  // the default of 64 KiB - 1 cannot be undercut
  Server narrow(limits);
  narrow.events.consume = false;
  narrow.receive(headers(1, post(), false));
  for (int i = 0; i < 3; ++i) narrow.receive(data(1, std::string(16384, 'x')));
  EXPECT_EQ(narrow.receive(data(1, std::string(16383, 'x'))).kind, ErrorKind::none);
  EXPECT_EQ(narrow.receive(data(1, "x")).detail, "DATA beyond the window of the connection");
}

TEST(Receiving, PaddingCountsAndIsGivenBack) {
  Server server;
  server.events.consume = false;
  server.receive(headers(1, post(), false));
  const std::string padded = frame(FrameType::data, flag::kPadded, 1,
                                   "\xff"
                                   "x" +
                                       std::string(255, '\0'));
  for (int i = 0; i < 600; ++i) server.receive(padded);  // 154,200 bytes of window for 600 of content
  EXPECT_EQ(server.events.exchange(1).content.size(), 600u);
  EXPECT_EQ(server.sent(), "WINDOW_UPDATE 1 131072\n");
}

TEST(Receiving, ContentForNobodyIsGivenBack) {
  Server server;
  server.receive(headers(1, post(), false));
  server.session.reset(1, ErrorCode::cancel);
  take_output(server.session);
  for (int i = 0; i < 32; ++i) server.receive(data(1, std::string(16384, 'x')));
  EXPECT_EQ(server.sent(), "WINDOW_UPDATE 524288\n");
}

// --- what we may send

TEST(Sending, WithinTheWindowOfTheStream) {
  Downloads server({1}, settings({{Setting::initial_window_size, 10}}));
  EXPECT_EQ(send(server.session, 1, 25), 10u);
  EXPECT_EQ(server.sent(), "DATA 1 10\n");
  EXPECT_TRUE(server.session.waits_for_window(1));
  EXPECT_EQ(send(server.session, 1, 15), 0u);
  server.receive(window_update(1, 5));
  EXPECT_EQ(server.events.take(), "writable 1\n");
  EXPECT_EQ(send(server.session, 1, 15, true), 5u);
  server.receive(window_update(1, 100));
  EXPECT_EQ(send(server.session, 1, 10, true), 10u);
  EXPECT_EQ(server.sent(), "DATA 1 5\nDATA 1 10 end\n");
}

TEST(Sending, WithinTheWindowOfTheConnection) {
  Downloads server({1, 3}, settings({{Setting::initial_window_size, 1'000'000}}));
  EXPECT_EQ(send(server.session, 1, 60'000), 60'000u);
  take_output(server.session);
  EXPECT_EQ(send(server.session, 3, 60'000), 5'535u);
  take_output(server.session);
  EXPECT_EQ(send(server.session, 1, 1), 0u);
  server.receive(window_update(0, 100));
  EXPECT_EQ(server.events.take(), "writable 3\nwritable 1\n") << "in turn";
}

TEST(Sending, EndNeedsNoWindow) {
  Downloads server({1}, settings({{Setting::initial_window_size, 0}}));
  EXPECT_EQ(send(server.session, 1, 1), 0u);
  EXPECT_EQ(send(server.session, 1, 0, true), 0u);
  EXPECT_EQ(server.sent(), "DATA 1 0 end\n");
  EXPECT_EQ(server.session.open_streams(), 0u);
}

TEST(Sending, FramesOfThePeersSize) {
  Downloads server({1}, settings({{Setting::max_frame_size, 20'000}}));
  EXPECT_EQ(send(server.session, 1, 40'000, true), 40'000u);
  EXPECT_EQ(server.sent(), "DATA 1 16384\nDATA 1 16384\nDATA 1 7232 end\n");
}

TEST(Sending, ContentInManyPieces) {
  Downloads server({1});
  const std::string text = "abcdefghij";
  std::vector<iovec> pieces;
  for (int i = 0; i < 4000; ++i)
    pieces.push_back({const_cast<char*>(text.data()), static_cast<std::size_t>(i % 11)});
  std::string expected;
  for (const iovec& piece : pieces) expected += text.substr(0, piece.iov_len);
  EXPECT_EQ(server.session.send_data(1, pieces, true), expected.size());
  std::string content;
  for (const Sent& sent : split_frames(take_output(server.session))) content += sent.payload;
  EXPECT_EQ(content, expected);
}

TEST(Sending, InitialWindowChanges) {  // §6.9.2
  Downloads server({1}, settings({{Setting::initial_window_size, 100}}));
  EXPECT_EQ(send(server.session, 1, 80), 80u);
  server.receive(settings({{Setting::initial_window_size, 30}}));  // now -50
  EXPECT_EQ(send(server.session, 1, 1), 0u);
  server.receive(window_update(1, 50));
  EXPECT_EQ(server.events.take(), "settings\n") << "still 0";
  server.receive(settings({{Setting::initial_window_size, 31}}));
  EXPECT_EQ(server.events.take(), "settings\nwritable 1\n");
  EXPECT_EQ(send(server.session, 1, 5), 1u);
}

TEST(Sending, WindowsThatOverflow) {  // §6.9.1
  Downloads server({1});
  server.receive(window_update(1, 0x7fffffff));
  EXPECT_EQ(server.events.take(), "reset 1 FLOW_CONTROL_ERROR window of the stream too large\n");
  EXPECT_EQ(server.receive(window_update(0, 0x7fffffff)).detail, "window of the connection too large");
  Downloads other({1}, settings({{Setting::initial_window_size, 0}}));
  other.receive(window_update(1, 100));
  EXPECT_EQ(other.receive(settings({{Setting::initial_window_size, 0x7fffffff}})).detail,
            "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large");
  Downloads zero({1});
  zero.receive(window_update(1, 0));
  EXPECT_EQ(zero.events.take(), "reset 1 PROTOCOL_ERROR WINDOW_UPDATE of 0\n");
  EXPECT_EQ(zero.receive(window_update(0, 0)).detail, "WINDOW_UPDATE of 0");
}

TEST(Sending, OutputIsBounded) {
  Limits limits;
  limits.output_high = 10'000;
  Downloads server({1}, settings({{Setting::initial_window_size, 1'000'000}}), limits);
  EXPECT_EQ(send(server.session, 1, 50'000), 10'000u);
  EXPECT_EQ(send(server.session, 1, 40'000), 0u);
  EXPECT_FALSE(server.session.waits_for_window(1)) << "it is our output that is full";
  EXPECT_FALSE(server.session.wants_read());
  server.session.written(3'000);
  EXPECT_EQ(server.events.take(), "") << "not until half of it is gone";
  server.session.written(3'000);
  EXPECT_EQ(server.events.take(), "writable 1\n");
  EXPECT_TRUE(server.session.wants_read());
}

TEST(Sending, WithLimitsThatAreTooSmall) {
  Limits limits;
  limits.output_high = 0;
  limits.frame_size = 1;
  limits.decoder_table = 1'000'000;
  Downloads server({1}, settings(), limits);
  EXPECT_EQ(send(server.session, 1, 5000), 1024u);
}

TEST(Sending, Stalls) {
  Downloads server({1}, settings({{Setting::initial_window_size, 10}}));
  const auto at = [](int s) { return TimePoint{} + std::chrono::seconds(s); };
  EXPECT_EQ(server.session.stalled_since(at(1)), kNever);
  send(server.session, 1, 20);
  EXPECT_EQ(server.session.stalled_since(at(5)), at(5));
  EXPECT_EQ(server.session.stalled_since(at(9)), at(5));
  server.receive(window_update(1, 1));
  send(server.session, 1, 10);
  EXPECT_EQ(server.session.stalled_since(at(12)), at(12)) << "something moved";
  server.session.reset(1, ErrorCode::cancel);
  EXPECT_EQ(server.session.stalled_since(at(13)), kNever);
}

// --- whose turn it is

// An owner that sends on within on_writable(), as real ones do.
struct Sender final : Recorder {
  std::string order;
  void on_writable(StreamId id, void*) override {
    const std::string content(100'000, 'x');
    const iovec piece{const_cast<char*>(content.data()), content.size()};
    if (const std::size_t taken = session->send_data(id, {&piece, 1}, false); taken > 0)
      order += std::to_string(id) + ":" + std::to_string(taken / 1000) + " ";
  }
};
std::string order_of(std::string_view requests, std::initializer_list<StreamId> ids,
                     std::string_view later = {}) {
  Limits limits;
  limits.output_high = 40'000;
  Sender events;
  Session session(Role::server, limits, events, {});
  events.session = &session;
  session.receive(std::string(kPreface) + settings({{Setting::initial_window_size, 1'000'000}}) +
                      window_update(0, 1'000'000) + std::string(requests),
                  {});
  for (const StreamId id : ids) session.send_response(id, ok(), false);
  send(session, *ids.begin(), 100'000);  // fills the output
  for (const StreamId id : ids) send(session, id, 100'000);
  session.receive(later, {});
  take_output(session);
  return events.order.substr(0, 40);
}

TEST(Turns, ClientsThatSayNothingShare) {
  EXPECT_EQ(order_of(headers(1, get()) + headers(3, get()) + headers(5, get()), {1, 3, 5}),
            "1:16 3:16 5:7 1:16 3:16 5:7 1:16 3:16 5:");
}
TEST(Turns, UrgentOnesFirst) {
  const std::string requests =
      headers(1, with(get(), {{"priority", "u=5"}})) + headers(3, with(get(), {{"priority", "u=1"}}));
  EXPECT_EQ(order_of(requests, {1, 3}).substr(0, 12), "3:40 3:40 3:");
}
TEST(Turns, OneAfterTheOther) {
  const std::string requests =
      headers(1, with(get(), {{"priority", "u=3"}})) + headers(3, with(get(), {{"priority", "u=3"}}));
  EXPECT_EQ(order_of(requests, {3, 1}).substr(0, 12), "1:40 1:40 1:");
}
TEST(Turns, PriorityUpdate) {
  const std::string requests =
      headers(1, with(get(), {{"priority", "u=5"}})) + headers(3, with(get(), {{"priority", "u=1"}}));
  const std::string update = frame(FrameType::priority_update, 0, 0, number(1, 4) + "u=0");
  EXPECT_EQ(order_of(requests, {1, 3}, update).substr(0, 12), "1:40 1:40 1:");
  EXPECT_EQ(order_of(update + requests, {1, 3}).substr(0, 12), "1:40 1:40 1:") << "also before the request";
}

TEST(Priority, Parsing) {
  EXPECT_EQ(parse_priority(""), (Priority{3, false}));
  EXPECT_EQ(parse_priority("u=0"), (Priority{0, false}));
  EXPECT_EQ(parse_priority("u=7, i"), (Priority{7, true}));
  EXPECT_EQ(parse_priority("i=?1,u=2"), (Priority{2, true}));
  EXPECT_EQ(parse_priority("i, i=?0"), (Priority{3, false}));
  EXPECT_EQ(parse_priority("u=8, i=1, x=\"y\""), (Priority{3, false})) << "out of range and unknown";
  EXPECT_EQ(parse_priority("u=5;x, i;y"), (Priority{5, true}));
}

}  // namespace
}  // namespace turnpike::http::h2::testing
