#include "mux/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mux/testing.h"

namespace turnpike::mux {
namespace {

using http::h2::ErrorCode;
using http::h2::Role;

// A client and a server, or a server and whoever writes to `raw`.
class Mux : public testing::Test {
 protected:
  Mux() {
    loop.use_virtual_time();
    io::PipeOptions options;
    options.capacity = std::size_t{256} * 1024;
    auto [a, b] = io::make_pipe(loop, options);
    client_end = std::make_unique<CountingStream>(std::move(a));
    server_end = std::make_unique<CountingStream>(std::move(b));
  }
  ~Mux() override {
    streams.clear();
    served.requests.clear();
    if (client) client_end->cancel();
    if (server) server_end->cancel();
    turns();
    EXPECT_TRUE(!client || client_done);
    EXPECT_TRUE(!server || server_done);
  }

  void start_server() {
    server = std::make_unique<Connection>(*server_end, Role::server, limits, timeouts, served);
    served.connection = server.get();
    io::spawn(run(*server, server_done));
  }
  void start() {
    start_server();
    client = std::make_unique<Connection>(*client_end, Role::client, limits, timeouts, asking);
    io::spawn(run(*client, client_done));
    turns();
  }
  static io::Task<void> run(Connection& connection, bool& done) {
    co_await connection.run();
    done = true;
  }
  void turns(unsigned count = 30) {
    for (unsigned i = 0; i < count; ++i) loop.turn(loop.now());
  }

  http::RequestHead head(std::string_view path) {
    http::RequestHead out;
    out.method = http::Method::post;
    out.scheme = "http";
    out.authority = "a.test";
    out.path = path;
    return out;
  }
  Stream& ask(std::string_view path, bool end = true) {
    streams.push_back(std::make_unique<Stream>(*client));
    EXPECT_TRUE(streams.back()->send_request(head(path), end, arena));
    return *streams.back();
  }
  static std::string read_all(Stream& stream) {
    std::string out;
    char piece[1000];
    while (true) {
      const io::IoResult got = stream.read(piece);
      if (got.status != io::IoStatus::ok) break;
      out.append(piece, got.bytes);
    }
    return out;
  }
  http::ResponseHead answer(std::uint16_t status) {
    http::ResponseHead out;
    out.status = status;
    return out;
  }

  io::Loop loop;
  http::h2::Limits limits;
  Timeouts timeouts;
  Arena arena;
  TestServer served;
  TestClient asking;
  std::unique_ptr<CountingStream> client_end;
  std::unique_ptr<CountingStream> server_end;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
  std::vector<std::unique_ptr<Stream>> streams;
  bool client_done = false;
  bool server_done = false;
};

TEST_F(Mux, HeadsContentAndTrailersGoBothWays) {
  start();
  Stream& asked = ask("/x", false);
  http::Fields trailers;
  trailers.add(arena, "x-sum", "1");
  asked.end_after(5, trailers);
  EXPECT_EQ(asked.write("hello").bytes, 5u);
  EXPECT_EQ(asked.write("more").status, io::IoStatus::error);
  turns();
  ASSERT_EQ(served.requests.size(), 1u);
  TestServer::Request& request = *served.requests.front();
  EXPECT_EQ(request.head.path, "/x");
  EXPECT_EQ(read_all(*request.stream), "hello");
  EXPECT_TRUE(request.stream->at_end());
  EXPECT_EQ(request.stream->trailers().find("x-sum")->value, "1");

  request.stream->send_head(answer(103), false);
  request.stream->send_head(answer(200), false);
  request.stream->end_after(2, {});
  EXPECT_EQ(request.stream->write("ok").bytes, 2u);
  turns();
  http::ResponseHead got;
  ASSERT_TRUE(asked.take_head(got));
  EXPECT_EQ(got.status, 103);
  ASSERT_TRUE(asked.take_head(got));
  EXPECT_EQ(got.status, 200);
  EXPECT_FALSE(asked.take_head(got));
  EXPECT_EQ(read_all(asked), "ok");
  EXPECT_TRUE(asked.at_end());
  EXPECT_FALSE(asked.peer_closed());
  streams.clear();
  served.requests.clear();
  turns();
  EXPECT_EQ(client->resets_sent() + client->resets_received(), 0u);
  EXPECT_EQ(asking.gone, 1u);
}

TEST_F(Mux, WhatATurnBringsIsWrittenAtOnce) {
  start();
  for (int i = 0; i < 50; ++i) ask("/many");
  turns();
  ASSERT_EQ(served.requests.size(), 50u);
  const unsigned before = server_end->writes;
  for (auto& request : served.requests) {
    request->stream->send_head(answer(200), false);
    request->stream->end_after(100, {});
    request->stream->write(std::string(100, 'x'));
  }
  turns(1);
  EXPECT_EQ(server_end->writes, before + 1);
}

TEST_F(Mux, AReaderThatDoesNotReadStopsTheWriter) {
  limits.stream_window = 65'535;
  limits.connection_window = 65'535;
  start();
  Stream& asked = ask("/big", false);
  const std::string piece(10'000, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    sent += asked.write(piece).bytes;
    turns(2);
  }
  EXPECT_EQ(sent, 65'535u);
  EXPECT_FALSE(asked.ready(io::Direction::write));
  ASSERT_EQ(served.requests.size(), 1u);
  EXPECT_EQ(read_all(*served.requests.front()->stream).size(), 65'535u);
  turns();
  EXPECT_TRUE(asked.ready(io::Direction::write));
  EXPECT_EQ(asked.write(piece).bytes, piece.size());
}

class Hangup final : public io::HangupListener {
 public:
  bool heard = false;

 private:
  void on_hangup() override { heard = true; }
};

TEST_F(Mux, AResetIsAHangUpOfOneStream) {
  start();
  ask("/a", false);
  ask("/b");
  turns();
  ASSERT_EQ(served.requests.size(), 2u);
  Hangup first;
  Hangup second;
  served.requests[0]->stream->set_hangup_listener(&first);
  served.requests[1]->stream->set_hangup_listener(&second);
  streams.erase(streams.begin());
  turns();
  EXPECT_TRUE(first.heard);
  EXPECT_FALSE(second.heard);
  EXPECT_EQ(served.requests[0]->stream->reset_code(), ErrorCode::cancel);
  EXPECT_EQ(served.requests[0]->stream->write("x").status, io::IoStatus::error);
  EXPECT_EQ(client->resets_sent(), 1u);
  EXPECT_EQ(server->resets_received(), 1u);
  EXPECT_FALSE(server_done);
}

TEST_F(Mux, AServerThatLeavesAStreamUnfinishedResetsIt) {
  start();
  Stream& asked = ask("/a", false);
  turns();
  served.requests.clear();
  turns();
  EXPECT_TRUE(asked.peer_closed());
  EXPECT_EQ(asked.reset_code(), ErrorCode::internal_error);
  EXPECT_FALSE(asked.refused());
}

TEST_F(Mux, ALostConnectionEndsItsStreams) {
  start();
  Stream& asked = ask("/a");
  turns();
  server_end->abort();
  turns();
  EXPECT_TRUE(asked.peer_closed());
  EXPECT_FALSE(client_done);  // as long as there is a stream
  EXPECT_FALSE(client->has_room());
  streams.clear();
  served.requests.clear();
  turns();
  EXPECT_TRUE(client_done);
  EXPECT_TRUE(server_done);
}

TEST_F(Mux, AnIdleConnectionSaysGoodbye) {
  start();
  loop.advance(timeouts.idle - 1s);
  EXPECT_FALSE(client_done || server_done);
  loop.advance(2s);
  EXPECT_TRUE(client_done);
  EXPECT_TRUE(server_done);
  EXPECT_EQ(server->error().kind, ErrorKind::none);
}

TEST_F(Mux, OneWithAStreamIsNotIdle) {
  start();
  ask("/slow");
  loop.advance(timeouts.idle * 3);  // PING is answered
  EXPECT_FALSE(client_done || server_done);
}

TEST_F(Mux, APeerThatIsSilentIsDead) {
  timeouts.idle = 1h;
  start();
  Stream& asked = ask("/slow");
  turns();
  // Nobody reads the other end any more.
  served.requests.clear();
  server_end->cancel();
  turns();
  EXPECT_TRUE(server_done);
  loop.advance(timeouts.probe * 3);
  EXPECT_TRUE(asked.peer_closed());
}

TEST_F(Mux, SettingsMustBeAcknowledged) {
  start_server();
  client_end->write(http::h2::kPreface);
  client_end->write(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
  loop.advance(timeouts.settings - 1s);
  EXPECT_FALSE(server_done);
  loop.advance(2s);
  EXPECT_TRUE(server_done);
}

TEST_F(Mux, DrainingServesWhatWasAsked) {
  start();
  ask("/a");
  turns();
  server->drain();
  ask("/on-its-way");
  turns();
  EXPECT_EQ(served.requests.size(), 2u);
  EXPECT_TRUE(asking.closing);
  EXPECT_FALSE(client->has_room());
  for (auto& request : served.requests) request->stream->send_head(answer(204), true);
  served.requests.clear();
  loop.advance(timeouts.drain + 1s);
  http::ResponseHead got;
  for (auto& stream : streams) {
    ASSERT_TRUE(stream->take_head(got));
    EXPECT_EQ(got.status, 204);
  }
  streams.clear();
  turns();
  EXPECT_TRUE(server_done);
  EXPECT_TRUE(client_done);
}

TEST_F(Mux, NoMoreStreamsThanThePeerAllows) {
  limits.concurrent_streams = 2;
  start();
  ask("/1");
  ask("/2");
  EXPECT_FALSE(client->has_room());
  turns();
  served.requests.front()->stream->send_head(answer(200), true);
  turns();
  streams.erase(streams.begin());
  EXPECT_TRUE(client->has_room());
}

TEST_F(Mux, AFaultEndsTheConnection) {
  start_server();
  client_end->write(std::string(64, 'x'));
  turns();
  EXPECT_TRUE(server_done);
  EXPECT_EQ(server->error().kind, ErrorKind::http2_error);
}

}  // namespace
}  // namespace turnpike::mux
