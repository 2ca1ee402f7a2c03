#include "io/socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "io/testing.h"

namespace turnpike::io {
namespace {

using ::testing::HasSubstr;
using Connected = Result<std::unique_ptr<SocketStream>>;

struct Accepted final : Acceptor::Handler {
  explicit Accepted(Loop& l) : loop(l) {}
  void on_accept(int fd, const Address& peer) override {
    peers.push_back(peer);
    streams.push_back(std::make_unique<SocketStream>(loop, fd));
  }
  Loop& loop;
  std::vector<Address> peers;
  std::vector<std::unique_ptr<SocketStream>> streams;
};

Task<void> connect_to(Loop& loop, const Address to, TimePoint deadline, std::optional<Connected>& out) {
  out.emplace(co_await connect(loop, to, deadline));
}
Task<void> wait_for(Stream& stream, Direction direction, TimePoint deadline, std::optional<Wait>& out) {
  if (direction == Direction::read) {
    out = co_await stream.readable(deadline);
  } else {
    out = co_await stream.writable(deadline);
  }
}

class SocketTest : public ::testing::Test {
 protected:
  // Both ends of one connection over loopback.
  void join(std::string_view where = "127.0.0.1:0") {
    const auto fd = listen_on(*Address::parse(where), false);
    ASSERT_TRUE(fd) << fd.error().message;
    acceptor.emplace(loop, *fd, accepted);
    std::optional<Connected> result;
    spawn(connect_to(loop, local_address(*fd), kNever, result));
    ASSERT_TRUE(run_until(loop, [&] { return result && !accepted.streams.empty(); }));
    ASSERT_TRUE(*result) << result->error().detail;
    client = std::move(**result);
    server = std::move(accepted.streams.front());
  }
  bool wait(Stream& stream, Direction direction) {
    std::optional<Wait> how;
    spawn(wait_for(stream, direction, kNever, how));
    return run_until(loop, [&] { return how.has_value(); }) && how == Wait::ready;
  }

  Loop loop;
  Accepted accepted{loop};
  std::optional<Acceptor> acceptor;
  std::unique_ptr<SocketStream> client;
  std::unique_ptr<SocketStream> server;
  char buffer[4096];
};

TEST_F(SocketTest, CarriesBytesBothWays) {
  join();
  EXPECT_TRUE(accepted.peers.front() == local_address(client->fd()));
  int on = 0;
  socklen_t size = sizeof on;
  for (const int fd : {client->fd(), server->fd()}) {
    ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size);
    EXPECT_EQ(on, 1);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
  const iovec parts[] = {
      {const_cast<char*>("hel"), 3}, {const_cast<char*>(""), 0}, {const_cast<char*>("lo"), 2}};
  EXPECT_EQ(client->write(parts).bytes, 5U);
  ASSERT_TRUE(wait(*server, Direction::read));
  EXPECT_EQ(server->read(buffer).bytes, 5U);
  EXPECT_EQ(std::string(buffer, 5), "hello");
  EXPECT_FALSE(server->ready(Direction::read)) << "a short read means that the next would block";
  EXPECT_EQ(server->read(buffer).status, IoStatus::would_block);
  EXPECT_EQ(server->write("back").bytes, 4U);
  ASSERT_TRUE(wait(*client, Direction::read));
  EXPECT_EQ(client->read(buffer).bytes, 4U);
}

TEST_F(SocketTest, FullReadStaysReadable) {
  join();
  client->write("123456");
  ASSERT_TRUE(wait(*server, Direction::read));
  EXPECT_EQ(server->read(std::span(buffer, 6)).bytes, 6U);
  EXPECT_TRUE(server->ready(Direction::read));
  EXPECT_EQ(server->read(buffer).status, IoStatus::would_block);
  EXPECT_FALSE(server->ready(Direction::read));
}

TEST_F(SocketTest, DataThenFinIsReadToTheEof) {
  join();
  client->write("bye");
  client->shutdown_write();
  ASSERT_TRUE(run_until(loop, [&] { return server->peer_closed(); }));
  EXPECT_EQ(server->read(buffer).bytes, 3U);
  ASSERT_TRUE(wait(*server, Direction::read)) << "the edge of the FIN was consumed by the first wait";
  EXPECT_EQ(server->read(buffer).status, IoStatus::eof);
  EXPECT_EQ(server->read(buffer).status, IoStatus::eof);
  EXPECT_EQ(server->write("still open").status, IoStatus::ok);
}

struct Hangup final : HangupListener {
  void on_hangup() override { ++calls; }
  int calls = 0;
};

TEST_F(SocketTest, HangupIsToldOnceAndWithoutReading) {
  join();
  Hangup hangup;
  server->set_hangup_listener(&hangup);
  client->write("request");
  ASSERT_TRUE(wait(*server, Direction::read));
  EXPECT_EQ(hangup.calls, 0);
  client->shutdown_write();
  ASSERT_TRUE(run_until(loop, [&] { return hangup.calls > 0; }));
  client.reset();
  loop.turn(loop.now() + std::chrono::milliseconds(5));
  EXPECT_EQ(hangup.calls, 1);
}

TEST_F(SocketTest, AbortResetsThePeer) {
  join();
  client->abort();
  EXPECT_EQ(client->read(buffer).status, IoStatus::error);
  EXPECT_EQ(client->write("x").error, EBADF);
  EXPECT_EQ(client->fd(), -1);
  ASSERT_TRUE(wait(*server, Direction::read));
  const IoResult result = server->read(buffer);
  EXPECT_EQ(result.status, IoStatus::error);
  EXPECT_EQ(result.error, ECONNRESET);
  EXPECT_TRUE(server->peer_closed());
}

TEST_F(SocketTest, WritingToOneThatIsGoneIsAnErrorAndNoSignal) {
  join();
  server->abort();
  ASSERT_TRUE(run_until(loop, [&] { return client->peer_closed(); }));
  EXPECT_EQ(client->write("x").status, IoStatus::error);
  EXPECT_EQ(client->write("x").status, IoStatus::error);
  EXPECT_TRUE(client->ready(Direction::write)) << "waiting after an error must end at once";
}

TEST_F(SocketTest, BackPressureStopsAndResumesTheWriter) {
  join();
  const std::string chunk(65536, 'x');
  std::size_t sent = 0;
  IoResult result;
  while ((result = client->write(chunk)).bytes == chunk.size()) sent += result.bytes;
  sent += result.bytes;
  EXPECT_FALSE(client->ready(Direction::write));
  EXPECT_EQ(client->write(chunk).status, IoStatus::would_block);
  std::optional<Wait> how;
  spawn(wait_for(*client, Direction::write, kNever, how));
  std::size_t received = 0;
  std::vector<char> big(1 << 20);
  ASSERT_TRUE(run_until(loop, [&] {
    const IoResult got = server->read(big);
    received += got.bytes;
    return received == sent && how == Wait::ready;
  }));
}

TEST_F(SocketTest, WaitsTimeOut) {
  join();
  std::optional<Wait> how;
  spawn(wait_for(*server, Direction::read, loop.now() + std::chrono::milliseconds(20), how));
  const TimePoint start = loop.now();
  ASSERT_TRUE(run_until(loop, [&] { return how.has_value(); }));
  EXPECT_EQ(how, Wait::timeout);
  EXPECT_GE(loop.now() - start, std::chrono::milliseconds(20));
  // And one that is due already does not wait.
  how.reset();
  spawn(wait_for(*server, Direction::read, loop.now(), how));
  EXPECT_EQ(how, Wait::timeout);
}

TEST_F(SocketTest, CancelEndsPresentAndFutureWaits) {
  join();
  std::optional<Wait> reading;
  std::optional<Wait> writing;
  const std::string chunk(1 << 20, 'x');
  while (server->write(chunk).status == IoStatus::ok) {
  }
  spawn(wait_for(*server, Direction::read, kNever, reading));
  spawn(wait_for(*server, Direction::write, kNever, writing));
  server->cancel();
  server->cancel();
  EXPECT_EQ(reading, Wait::cancelled);
  EXPECT_EQ(writing, Wait::cancelled);
  reading.reset();
  spawn(wait_for(*server, Direction::read, kNever, reading));
  EXPECT_EQ(reading, Wait::cancelled);
}

Task<void> wait_and_destroy(std::unique_ptr<SocketStream>& stream, Direction direction) {
  if (direction == Direction::read) {
    co_await stream->readable(kNever);
  } else {
    co_await stream->writable(kNever);
  }
  stream.reset();
}

TEST_F(SocketTest, MayBeDestroyedByWhatItWakes) {
  join();
  Hangup hangup;
  server->set_hangup_listener(&hangup);
  spawn(wait_and_destroy(server, Direction::read));
  client->shutdown_write();
  ASSERT_TRUE(run_until(loop, [&] { return server == nullptr; }));
  EXPECT_EQ(hangup.calls, 0);
}

TEST_F(SocketTest, MayBeDestroyedByACancelledWait) {
  join();
  spawn(wait_and_destroy(server, Direction::read));
  SocketStream& stream = *server;
  stream.cancel();
  EXPECT_EQ(server, nullptr);
}

TEST_F(SocketTest, UnixSockets) {
  const std::string path = ::testing::TempDir() + "turnpike_socket_test_" + std::to_string(::getpid());
  join("unix:" + path);
  client->write("x");
  ASSERT_TRUE(wait(*server, Direction::read));
  acceptor.reset();
  // The file stays; whoever listens next replaces it.
  const auto again = listen_on(*Address::from_unix(path), false);
  ASSERT_TRUE(again) << again.error().message;
  const auto taken = listen_on(*Address::from_unix(path), false);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().error, EADDRINUSE);
  ::close(*again);
  ::unlink(path.c_str());
}

TEST_F(SocketTest, DualStackListenerSeesPlainIpv4) {
  const auto fd = listen_on(*Address::parse(":0"), true);
  ASSERT_TRUE(fd) << fd.error().message;
  acceptor.emplace(loop, *fd, accepted);
  std::optional<Connected> result;
  spawn(connect_to(loop, *Address::from_ip("127.0.0.1", local_address(*fd).port()), kNever, result));
  ASSERT_TRUE(run_until(loop, [&] { return result && !accepted.peers.empty(); }));
  EXPECT_EQ(accepted.peers[0].ip(), "127.0.0.1");
}

TEST_F(SocketTest, RefusedAndUnreachable) {
  const auto fd = listen_on(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  const Address nobody = local_address(*fd);
  ::close(*fd);
  std::optional<Connected> result;
  spawn(connect_to(loop, nobody, kNever, result));
  ASSERT_TRUE(run_until(loop, [&] { return result.has_value(); }));
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, ErrorKind::connect_refused);
  EXPECT_EQ(result->error().retry, turnpike::Retry::safe);
  EXPECT_EQ(result->error().source, ErrorSource::upstream);
  result.reset();
  spawn(connect_to(loop, *Address::parse("unix:/nowhere/at/all"), kNever, result));
  ASSERT_TRUE(result && !*result);
  EXPECT_EQ(result->error().kind, ErrorKind::connect_failed);
}

// A listener whose queue is full answers to no SYN: the connect hangs until its deadline.
TEST_F(SocketTest, ConnectTimesOut) {
  const auto fd = listen_on(*Address::parse("127.0.0.1:0"), false, 0);
  ASSERT_TRUE(fd);
  std::vector<std::optional<Connected>> results(4);
  for (auto& result : results) {
    spawn(connect_to(loop, local_address(*fd), loop.now() + std::chrono::milliseconds(50), result));
  }
  ASSERT_TRUE(run_until(loop, [&] {
    return std::ranges::all_of(results, [](const auto& result) { return result.has_value(); });
  }));
  ASSERT_FALSE(*results.back());
  EXPECT_EQ(results.back()->error().kind, ErrorKind::connect_timeout);
  EXPECT_EQ(results.back()->error().retry, turnpike::Retry::safe);
  ::close(*fd);
}

TEST_F(SocketTest, UnixConnectWaitsForAFullQueue) {
  const std::string name = "unix:@turnpike_full_" + std::to_string(::getpid());
  const auto fd = listen_on(*Address::parse(name), false, 0);
  ASSERT_TRUE(fd) << fd.error().message;
  std::vector<std::optional<Connected>> results(3);
  for (auto& result : results) spawn(connect_to(loop, *Address::parse(name), kNever, result));
  EXPECT_TRUE(results[0]);
  EXPECT_FALSE(results[2]);
  acceptor.emplace(loop, *fd, accepted);
  ASSERT_TRUE(run_until(loop, [&] { return results[0] && results[1] && results[2]; }));
  EXPECT_TRUE(*results[2]);
}

TEST(ListenOn, ErrorsTeach) {
  const auto first = listen_on(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(first);
  const Address address = local_address(*first);
  const auto second = listen_on(address, true);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().error, EADDRINUSE);
  EXPECT_THAT(second.error().message, HasSubstr(address.text()));
  EXPECT_THAT(second.error().message, HasSubstr("ss -ltnp"));
  ::close(*first);
  const auto nowhere = listen_on(*Address::parse("203.0.113.7:80"), false);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("no such address"));
}

TEST(HasAddress, TellsWhetherTheMachineHasIt) {
  EXPECT_TRUE(has_address(*Address::from_ip("127.0.0.1", 80)));
  EXPECT_TRUE(has_address(*Address::from_ip("0.0.0.0", 80)));
  EXPECT_TRUE(has_address(*Address::parse(":80")));
  EXPECT_FALSE(has_address(*Address::from_ip("203.0.113.7", 80)));
}

TEST(ListenOn, ReusePortSharesAPort) {
  const auto first = listen_on(*Address::parse("127.0.0.1:0"), true);
  ASSERT_TRUE(first);
  const auto second = listen_on(local_address(*first), true);
  ASSERT_TRUE(second) << second.error().message;
  ::close(*first);
  ::close(*second);
}

TEST_F(SocketTest, AcceptorPausesAndTakesWhatWaits) {
  const auto fd = listen_on(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  acceptor.emplace(loop, *fd, accepted);
  acceptor->pause();
  std::vector<std::optional<Connected>> results(2);
  for (auto& result : results) spawn(connect_to(loop, local_address(*fd), kNever, result));
  ASSERT_TRUE(run_until(loop, [&] { return results[0] && results[1]; }));
  loop.turn(loop.now());
  EXPECT_TRUE(accepted.streams.empty());
  acceptor->take_waiting();
  EXPECT_EQ(accepted.streams.size(), 2U);
  std::optional<Connected> third;
  spawn(connect_to(loop, local_address(*fd), kNever, third));
  acceptor->resume();
  ASSERT_TRUE(run_until(loop, [&] { return accepted.streams.size() == 3; }));
}

TEST_F(SocketTest, AcceptorDoesNotSpinWithoutDescriptors) {
  const auto fd = listen_on(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  acceptor.emplace(loop, *fd, accepted);
  std::optional<Connected> result;
  spawn(connect_to(loop, local_address(*fd), kNever, result));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::uint64_t turns = loop.turns();
  const TimePoint start = loop.refresh_now();
  while (loop.now() - start < std::chrono::milliseconds(150))
    loop.turn(start + std::chrono::milliseconds(160));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(accepted.streams.empty());
  EXPECT_GE(acceptor->exhausted(), 1U);
  EXPECT_LT(loop.turns() - turns, 60U) << "the loop spins";
  ASSERT_TRUE(run_until(loop, [&] { return accepted.streams.size() == 1; })) << "and comes back";
}

struct Ending final : Acceptor::Handler {
  void on_accept(int fd, const Address&) override {
    ::close(fd);
    ++calls;
    acceptor.reset();
  }
  std::optional<Acceptor> acceptor;
  int calls = 0;
};

TEST_F(SocketTest, HandlerMayDestroyTheAcceptor) {
  const auto fd = listen_on(*Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(fd);
  const Address address = local_address(*fd);
  Ending ending;
  std::vector<std::optional<Connected>> results(3);
  for (auto& result : results) spawn(connect_to(loop, address, kNever, result));
  ending.acceptor.emplace(loop, *fd, ending);
  ASSERT_TRUE(run_until(loop, [&] { return ending.calls == 1; }));
}

TEST(SocketStream, ABadDescriptorIsCancelledFromTheStart) {
  Loop loop;
  SocketStream stream(loop, -1);
  char buffer[8];
  EXPECT_TRUE(stream.cancelled());
  EXPECT_EQ(stream.read(buffer).status, IoStatus::error);
  EXPECT_EQ(stream.write("x").status, IoStatus::error);
}

}  // namespace
}  // namespace turnpike::io
