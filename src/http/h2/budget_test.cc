// The budgets against floods (limits.h): each spent by an attacker, and not by those that only work hard.
#include "http/h2/budget.h"

#include <gtest/gtest.h>

#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

using std::chrono::seconds;

ResponseHead status(std::uint16_t code) {
  ResponseHead head;
  head.status = code;
  return head;
}

// Sends what `attack(i)` says until the connection ends, at most `most` times; which budget was spent, and
// after how many.
template <class Attack>
std::string spends(Attack&& attack, int most = 5000, Limits limits = {}) {
  Server server(limits);
  for (int i = 0; i < most; ++i) {
    const Error error = server.receive(attack(server, static_cast<StreamId>(i)));
    take_output(server.session);
    if (error.kind == ErrorKind::none) continue;
    EXPECT_EQ(error.kind, ErrorKind::http2_flood) << error.detail;
    if (!server.session.spent()) return std::string(error.detail);
    EXPECT_GT(server.session.count(*server.session.spent()), 0u);
    return std::string(name_of(*server.session.spent())) + " " + std::to_string(i);
  }
  EXPECT_FALSE(server.session.spent().has_value());
  return "nothing";
}

TEST(Budgets, EndWithEnhanceYourCalm) {
  Server server;
  for (int i = 0; i < 101; ++i) server.receive(frame(FrameType::ping, 0, 0, "12345678"));
  EXPECT_TRUE(server.session.failed());
  const std::string sent = server.sent();
  EXPECT_TRUE(sent.ends_with("GOAWAY 0 ENHANCE_YOUR_CALM\n")) << sent;
  EXPECT_EQ(server.session.count(Budget::ping), 101u);
  EXPECT_EQ(server.session.fault(), "too many PING frames");
}

TEST(Budgets, RefillWithTime) {
  const Limits limits;
  Budgets budgets(limits, TimePoint{});
  for (unsigned i = 0; i < limits.pings.burst; ++i) EXPECT_TRUE(budgets.spend(Budget::ping));
  EXPECT_FALSE(budgets.spend(Budget::ping));
  budgets.refill(TimePoint{} + std::chrono::milliseconds(50));
  EXPECT_FALSE(budgets.spend(Budget::ping));
  budgets.refill(TimePoint{} + seconds(1));
  int more = 0;
  while (budgets.spend(Budget::ping)) ++more;
  EXPECT_EQ(more, static_cast<int>(limits.pings.per_second) - 2) << "what was refused counted, too";
  budgets.refill(TimePoint{} + seconds(100'000'000));
  EXPECT_TRUE(budgets.spend(Budget::ping));
  EXPECT_EQ(name_of(Budget::output), "output");
}

// --- the attacks

TEST(Flood, RapidReset) {
  EXPECT_EQ(spends([](Server&, StreamId i) {
              return headers(2 * i + 1, get()) + rst_stream(2 * i + 1, ErrorCode::cancel);
            }),
            "client_reset 200");
}

// Each of the six forms of MadeYouReset, and others: what makes us reset a stream whose work goes on.
TEST(Flood, ResetsThatWeAreMadeToSend) {
  const auto made = [](auto&& fault) {
    return spends(
        [&fault](Server&, StreamId i) { return headers(2 * i + 1, post(), false) + fault(2 * i + 1); });
  };
  EXPECT_EQ(made([](StreamId id) { return window_update(id, 0); }), "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return window_update(id, 0x7fffffff); }), "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return data(id, "x", true) + data(id, "x"); }), "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return data(id, "x", true) + headers(id, {{"x", "y"}}); }),
            "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return frame(FrameType::priority, 0, id, number(id, 4) + "\x10"); }),
            "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return frame(FrameType::priority, 0, id, "1234"); }),
            "provoked_reset 100");
  EXPECT_EQ(made([](StreamId id) { return headers(id, {{":path", "/"}}); }), "provoked_reset 100");
  EXPECT_EQ(spends([](Server&, StreamId i) {
              return headers(2 * i + 1, with(post(), {{"content-length", "1"}}), false) +
                     data(2 * i + 1, "xx");
            }),
            "provoked_reset 100");
  EXPECT_EQ(spends([](Server&, StreamId i) { return headers(2 * i + 1, with(get(), {{"Bad", ""}})); }),
            "provoked_reset 100");
}

TEST(Flood, Continuations) {
  Server server;
  server.receive(frame(FrameType::headers, 0, 1, literals(get())));
  Error error;
  int frames = 0;
  for (; error.kind == ErrorKind::none && frames < 1000; ++frames)
    error = server.receive(frame(FrameType::continuation, 0, 1, literals({{"x", "y"}})));
  EXPECT_EQ(frames, 33);
  EXPECT_EQ(server.session.spent(), Budget::continuation);
  Server large;
  large.receive(frame(FrameType::headers, 0, 1, literals(get())));
  for (int i = 0; i < 5; ++i)
    error = large.receive(frame(FrameType::continuation, 0, 1, std::string(16384, 'x')));
  EXPECT_EQ(large.session.spent(), Budget::continuation);
  EXPECT_LT(large.session.bytes_held(), 10'000u) << "the block is let go of";
}

// A large entry, then reference after reference to it.
TEST(Flood, HpackBomb) {
  Server server;
  std::string block = literals(get());
  block += std::string("\x40\x01x\x7f\xa1\x1e", 6) + std::string(4000, 'b');
  block += std::string(10'000, '\xbe');
  EXPECT_EQ(server.receive(frame(FrameType::headers, flag::kEndHeaders, 1, block)).kind,
            ErrorKind::http2_flood);
  EXPECT_EQ(server.session.spent(), Budget::header_list);
  EXPECT_LT(server.events.exchange(1).arena.bytes_held(), 100'000u) << "of 40 MB";
}

// Many small fields: 32 bytes are counted for each (§6.5.2), also for crumbs of cookies.
TEST(Flood, ManySmallFields) {
  Limits limits;
  limits.field_count = 1'000'000;
  Server server(limits);
  const std::string crumbs(900, '\xa0');  // an empty Cookie, static index 32
  server.receive(
      frame(FrameType::headers, flag::kEndHeaders | flag::kEndStream, 1, literals(get()) + crumbs));
  EXPECT_EQ(server.events.take(), "refused 1 431 header list too large\n");
  EXPECT_EQ(server
                .receive(frame(FrameType::headers, flag::kEndHeaders, 3,
                               literals(get()) + std::string(10'000, '\xa0')))
                .kind,
            ErrorKind::http2_flood);
}

TEST(Flood, FramesThatCostNothing) {
  EXPECT_EQ(spends([](Server&, StreamId) { return frame(FrameType::ping, 0, 0, "12345678"); }), "ping 100");
  EXPECT_EQ(spends([](Server&, StreamId) { return frame(FrameType::ping, flag::kAck, 0, "12345678"); }),
            "ping 100");
  EXPECT_EQ(spends([](Server&, StreamId) { return settings(); }), "settings 31");
  EXPECT_EQ(spends([](Server&, StreamId) { return settings_ack(); }), "settings 31");
  EXPECT_EQ(spends([](Server&, StreamId) { return frame(FrameType::priority, 0, 9, number(7, 4) + "\x10"); }),
            "priority 1000");
  EXPECT_EQ(
      spends([](Server&, StreamId) { return frame(FrameType::priority_update, 0, 0, number(9, 4) + "u=1"); }),
      "priority 1000");
  EXPECT_EQ(spends([](Server&, StreamId) { return frame(static_cast<FrameType>(99), 0, 0, "x"); }),
            "empty_frame 100");
  EXPECT_EQ(spends([](Server&, StreamId) { return goaway_frame(0, ErrorCode::no_error); }),
            "empty_frame 100");
  EXPECT_EQ(spends([](Server&, StreamId) { return window_update(0, 1); }), "window_update 1000");
  EXPECT_EQ(spends([](Server&, StreamId i) { return i == 0 ? headers(1, post(), false) : data(1, ""); }),
            "empty_frame 101");
  EXPECT_EQ(spends([](Server&, StreamId i) {
              return i == 0 ? headers(1, post(), false)
                            : frame(FrameType::data, flag::kPadded, 1,
                                    std::string("\x02"
                                                "ab",
                                                3));
            }),
            "empty_frame 101");
  EXPECT_EQ(spends([](Server&, StreamId i) {
              return i == 0 ? headers(1, get()) + rst_stream(1, ErrorCode::cancel)
                            : rst_stream(1, ErrorCode::cancel);
            }),
            "closed_stream 1001");
}

TEST(Flood, ClientThatDoesNotRead) {
  Limits limits;
  limits.output_most = 10'000;
  limits.pings = {1'000'000, 0};
  Server server(limits);
  Error error;
  int pings = 0;
  for (; error.kind == ErrorKind::none && pings < 100'000; ++pings)
    error = server.receive(frame(FrameType::ping, 0, 0, "12345678"));
  EXPECT_EQ(server.session.spent(), Budget::output);
  EXPECT_LT(server.session.output_size(), 10'100u);
}

// --- those that work hard

TEST(Patience, WithABrowserThatLeaves) {
  Server server;
  for (StreamId id = 1; id < 256; id += 2) server.receive(headers(id, get()));
  for (StreamId id = 1; id < 256; id += 2)
    EXPECT_EQ(server.receive(rst_stream(id, ErrorCode::cancel)).kind, ErrorKind::none);
}

TEST(Patience, WithDeadlinesThatPassInAStorm) {
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              server.now += std::chrono::microseconds(1000);
              const StreamId id = 2 * i + 1;
              return headers(id, get()) + (i < 110 ? "" : rst_stream(id - 2 * 110, ErrorCode::cancel));
            }),
            "nothing");
}

TEST(Patience, WithUploadsThatWeCut) {  // what was on its way
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              const StreamId id = 2 * i + 1;
              server.receive(headers(id, post(), false));
              server.session.send_response(id, status(503), true);
              server.session.reset(id, ErrorCode::no_error);
              return data(id, std::string(8192, 'x')) + data(id, std::string(8192, 'x')) +
                     data(id, std::string(8192, 'x'), true);
            }),
            "nothing");
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              if (i == 0) server.receive(headers(1, post(), false));
              server.session.reset(1, ErrorCode::cancel);
              return data(1, "x");
            }),
            "closed_stream 1000");
}

TEST(Patience, WithDownloadsThatAreCancelled) {
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              server.receive(headers(2 * i + 1, get()));
              server.session.send_response(2 * i + 1, status(200), false);
              return rst_stream(2 * i + 1, ErrorCode::cancel);
            }),
            "nothing");
}

TEST(Patience, WithClientsThatHaveNotSeenOurSettings) {
  Recorder events;
  const Limits limits;
  Session session(Role::server, limits, events, {});
  events.session = &session;
  std::string bytes = std::string(kPreface) + settings();
  for (StreamId id = 1; id < 1000; id += 2) bytes += headers(id, get());
  EXPECT_EQ(session.receive(bytes, {}).kind, ErrorKind::none);
  EXPECT_EQ(session.open_streams(), 128u);
}

TEST(Patience, WithCallsThatAreCancelledBesideOthers) {
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              const StreamId id = 4 * i + 1;
              server.receive(headers(id, get()) + headers(id + 2, get()));
              server.session.send_response(id, status(200), true);
              return rst_stream(id + 2, ErrorCode::cancel);  // half of all
            }),
            "nothing");
}

TEST(Patience, WithPingsAlongContent) {  // as gRPC measures its bandwidth
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              if (i == 0) server.receive(headers(1, get()));
              if (i == 0) server.session.send_response(1, status(200), false);
              const iovec piece{const_cast<char*>("x"), 1};
              server.session.send_data(1, {&piece, 1}, false);
              return frame(FrameType::ping, 0, 0, "12345678");
            }),
            "nothing");
}

TEST(Patience, WithWindowUpdatesForContent) {  // one for the stream and one for the connection per frame
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              if (i == 0) server.receive(headers(1, get()));
              if (i == 0) server.session.send_response(1, status(200), false);
              const std::string content(1000, 'x');
              const iovec piece{const_cast<char*>(content.data()), content.size()};
              server.session.send_data(1, {&piece, 1}, false);
              return window_update(0, 1000) + window_update(1, 1000);
            }),
            "nothing");
}

TEST(Patience, WithManyRequests) {
  EXPECT_EQ(spends([](Server& server, StreamId i) {
              const StreamId id = 2 * i + 1;
              server.receive(frame(FrameType::priority_update, 0, 0, number(id, 4) + "u=1") +
                             headers(id, post(), false) + data(id, "x", true));
              server.session.send_response(id, status(200), true);
              return rst_stream(id, ErrorCode::no_error) +
                     frame(static_cast<FrameType>(0xfa), 0, id, "grease");
            }),
            "nothing");
}

}  // namespace
}  // namespace turnpike::http::h2::testing
