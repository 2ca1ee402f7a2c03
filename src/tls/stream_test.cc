#include "tls/stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

#include "crypto/openssl.h"
#include "io/socket.h"
#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

class StreamTest : public ::testing::TestWithParam<Version> {
 protected:
  // Joined and past the handshake.
  void join(io::PipeOptions options = {}) {
    ServerConfig server;
    server.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com")}}};
    ClientConfig client;
    client.server_name = "shop.example.com";
    client.trust = test_root().trust();
    client.max_version = GetParam();
    pair = std::make_unique<TestPair>(options);
    pair->make_server(*server_context(server));
    pair->make_client(*client_context(client));
    ASSERT_TRUE(pair->shake());
    ASSERT_TRUE(pair->good()) << pair->client_error() << pair->server_error();
    turn();
  }
  void turn() {
    for (int i = 0; i < 5; ++i) pair->loop->turn(pair->loop->now());
  }
  std::unique_ptr<TestPair> pair;
  char buffer[20000];
};

INSTANTIATE_TEST_SUITE_P(Versions, StreamTest, ::testing::Values(Version::tls12, Version::tls13));

io::Task<void> send_all(io::Stream& to, std::string_view text, int& done) {
  while (!text.empty()) {
    // In uneven pieces, as heads and bodies are.
    const std::size_t cut = text.size() / 3;
    const iovec parts[] = {{const_cast<char*>(text.data()), cut},
                           {nullptr, 0},
                           {const_cast<char*>(text.data()) + cut, text.size() - cut}};
    const io::IoResult result = to.write(parts);
    if (result.status == io::IoStatus::error) co_return;
    text.remove_prefix(result.bytes);
    if (result.status == io::IoStatus::would_block && co_await to.writable(kNever) != io::Wait::ready)
      co_return;
  }
  to.shutdown_write();
  ++done;
}

io::Task<void> receive_all(io::Stream& from, std::size_t piece, std::string& to, int& done) {
  std::string buffer(piece, '\0');
  for (;;) {
    const io::IoResult result = from.read(buffer);
    if (result.status == io::IoStatus::ok) to.append(buffer, 0, result.bytes);
    if (result.status == io::IoStatus::eof) break;
    if (result.status == io::IoStatus::error) co_return;
    // After a short read the next would block: the contract of io::Stream.
    if (result.bytes < piece && co_await from.readable(kNever) != io::Wait::ready) co_return;
  }
  ++done;
}

TEST_P(StreamTest, LargeTransfersBothWaysThroughANarrowPipe) {
  for (const io::PipeOptions options :
       {io::PipeOptions{.capacity = 1000}, io::PipeOptions{.capacity = 100000},
        io::PipeOptions{.capacity = 20000, .most_per_call = 777}}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5000}, std::size_t{70000}}) {
      join(options);
      std::string up(200000, '\0');
      for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<char>(i * 7 + i / 251);
      const std::string down(up.rbegin(), up.rend());
      std::string got_up;
      std::string got_down;
      int done = 0;
      io::spawn(send_all(*pair->client, up, done));
      io::spawn(send_all(*pair->server, down, done));
      io::spawn(receive_all(*pair->client, piece, got_down, done));
      io::spawn(receive_all(*pair->server, piece, got_up, done));
      ASSERT_TRUE(io::run_until(*pair->loop, [&] { return done == 4; })) << options.capacity << " " << piece;
      EXPECT_TRUE(got_up == up);
      EXPECT_TRUE(got_down == down);
      EXPECT_FALSE(pair->client->truncated());
    }
  }
}

TEST_P(StreamTest, PiecesGoIntoOneRecord) {
  join();
  std::vector<std::string> parts(100, "0123456789");
  std::vector<iovec> vectors;
  for (std::string& part : parts) vectors.push_back({part.data(), part.size()});
  EXPECT_EQ(pair->client->write(vectors).bytes, 1000U);
  // One record: read below TLS. Each further one would cost at least 22 bytes.
  turn();
  EXPECT_EQ(pair->server->read(buffer).bytes, 1000U);
  EXPECT_FALSE(pair->server->ready(io::Direction::read));
}

// Sizes of the records that a side writes, in the clear.
void note_record(int write, int, int type, const void* bytes, std::size_t size, SSL*, void* to) {
  const auto* header = static_cast<const unsigned char*>(bytes);
  if (write != 1 || type != SSL3_RT_HEADER || size < 5) return;
  static_cast<std::vector<std::size_t>*>(to)->push_back(std::size_t{header[3]} << 8 | header[4]);
}

TEST_P(StreamTest, RecordsAreSmallUntilTheWindowHasGrown) {
  join({.capacity = 1 << 20});
  std::vector<std::size_t> records;
  SSL_set_msg_callback(pair->server->native(), note_record);
  SSL_set_msg_callback_arg(pair->server->native(), &records);
  const std::string text(64 * 1024, 'x');
  const auto send = [&](std::size_t size) {
    records.clear();
    EXPECT_EQ(transfer(*pair, *pair->server, *pair->client, std::string_view(text).substr(0, size)).size(),
              size);
  };
  send(4096);
  EXPECT_EQ(records.size(), 1U) << "fits into the first window: one record";
  pair->loop->advance(std::chrono::seconds(2));
  send(text.size());
  ASSERT_GE(records.size(), 15U);
  for (std::size_t i = 0; i < 11; ++i) EXPECT_LT(records[i], 1500U) << i;
  EXPECT_GT(records[12], 8000U);
  send(text.size());
  EXPECT_LE(records.size(), 5U) << "the window is open";
  pair->loop->advance(std::chrono::seconds(2));
  send(text.size());
  EXPECT_GE(records.size(), 15U) << "and closed again after a pause";
}

TEST_P(StreamTest, EmptyWritesAndReads) {
  join();
  EXPECT_EQ(pair->client->write(std::span<const iovec>()).status, io::IoStatus::ok);
  EXPECT_EQ(pair->client->write("").bytes, 0U);
  EXPECT_EQ(pair->client->read(std::span<char>()).status, io::IoStatus::would_block);
  EXPECT_EQ(pair->client->read(buffer).status, io::IoStatus::would_block);
  EXPECT_FALSE(pair->client->ready(io::Direction::read));
}

// What OpenSSL has decrypted, or holds encrypted, is announced though the stream below has nothing.
TEST_P(StreamTest, BufferedBytesAreReady) {
  join();
  pair->client->write("0123456789");
  pair->client->write("abcdefghij");
  turn();
  EXPECT_EQ(pair->server->read(std::span(buffer, 4)).bytes, 4U);
  EXPECT_TRUE(pair->server->ready(io::Direction::read));
  EXPECT_EQ(pair->server->read(std::span(buffer, 16)).bytes, 16U);
  EXPECT_EQ(std::string(buffer, 16), "456789abcdefghij");
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::would_block);
  EXPECT_FALSE(pair->server->ready(io::Direction::read));
}

// A record of which a part has come must not look like something to read: that would spin.
TEST_P(StreamTest, HalfARecordIsNotReady) {
  join({.capacity = 100, .most_per_call = 100});
  EXPECT_EQ(pair->client->write(std::string(1000, 'x')).status, io::IoStatus::would_block);
  turn();
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::would_block);
  EXPECT_FALSE(pair->server->ready(io::Direction::read));
}

TEST_P(StreamTest, OrderlyEnd) {
  join();
  pair->client->write("last words");
  pair->client->shutdown_write();
  turn();
  EXPECT_EQ(pair->server->read(buffer).bytes, 10U);
  EXPECT_TRUE(pair->server->ready(io::Direction::read));
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::eof);
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::eof);
  EXPECT_FALSE(pair->server->truncated());
  EXPECT_TRUE(pair->server->peer_closed());
  // The other direction is still open.
  EXPECT_EQ(pair->server->write("answer").bytes, 6U);
  turn();
  EXPECT_EQ(pair->client->read(buffer).bytes, 6U);
  EXPECT_EQ(pair->client->write("x").status, io::IoStatus::error) << "after our own close_notify";
}

TEST_P(StreamTest, TruncationIsNoticed) {
  join();
  pair->client->write("half a mess");
  turn();
  // The stream below ends without close_notify: as an attacker who cuts the connection would have it.
  SSL_set_quiet_shutdown(pair->client->native(), 1);
  pair->client->shutdown_write();
  turn();
  EXPECT_EQ(pair->server->read(buffer).bytes, 11U);
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::eof);
  EXPECT_TRUE(pair->server->truncated());
  EXPECT_EQ(pair->server->write("answer").bytes, 6U) << "a half-closed client still gets its answer";
}

TEST_P(StreamTest, ResetIsAnError) {
  join();
  pair->client->abort();
  turn();
  EXPECT_TRUE(pair->server->ready(io::Direction::read));
  const io::IoResult result = pair->server->read(buffer);
  EXPECT_EQ(result.status, io::IoStatus::error);
  EXPECT_EQ(result.error, ECONNRESET);
  EXPECT_EQ(pair->server->write("x").status, io::IoStatus::error);
  EXPECT_EQ(pair->client->write("x").status, io::IoStatus::error);
}

io::Task<void> wait_for(io::Stream& stream, io::Direction direction, std::optional<io::Wait>& how) {
  if (direction == io::Direction::read) {
    how = co_await stream.readable(kNever);
  } else {
    how = co_await stream.writable(kNever);
  }
}

TEST_P(StreamTest, CancelEndsBothWaits) {
  join({.capacity = 100});
  while (pair->server->write(std::string(1000, 'x')).status == io::IoStatus::ok) {
  }
  EXPECT_EQ(pair->server->read(buffer).status, io::IoStatus::would_block);
  std::optional<io::Wait> reading;
  std::optional<io::Wait> writing;
  io::spawn(wait_for(*pair->server, io::Direction::read, reading));
  io::spawn(wait_for(*pair->server, io::Direction::write, writing));
  EXPECT_FALSE(reading || writing);
  pair->server->cancel();
  EXPECT_EQ(reading, io::Wait::cancelled);
  EXPECT_EQ(writing, io::Wait::cancelled);
}

TEST_P(StreamTest, RenegotiationIsRefused) {
  if (GetParam() != Version::tls12) return;
  join();
  SSL_clear_options(pair->client->native(), SSL_OP_NO_RENEGOTIATION);
  SSL_renegotiate(pair->client->native());
  SSL_do_handshake(pair->client->native());
  turn();
  const io::IoResult result = pair->server->read(buffer);
  EXPECT_NE(result.status, io::IoStatus::ok);
  EXPECT_EQ(SSL_session_reused(pair->client->native()), 0);
}

class KeyUpdateTest : public StreamTest {};
INSTANTIATE_TEST_SUITE_P(Tls13, KeyUpdateTest, ::testing::Values(Version::tls13));

TEST_P(KeyUpdateTest, AFewAreObeyed) {
  join();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(pair->client->native(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_EQ(transfer(*pair, *pair->client, *pair->server, "up"), "up");
    EXPECT_EQ(transfer(*pair, *pair->server, *pair->client, "down"), "down");
  }
}

TEST_P(KeyUpdateTest, AFloodEndsTheConnection) {
  join({.capacity = 1 << 20});
  io::IoStatus status = io::IoStatus::would_block;
  int sent = 0;
  for (; sent < 1000 && status == io::IoStatus::would_block; ++sent) {
    ASSERT_EQ(SSL_key_update(pair->client->native(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(pair->client->native()), 1);
    turn();
    status = pair->server->read(buffer).status;
  }
  EXPECT_EQ(status, io::IoStatus::error);
  EXPECT_LE(sent, 70);
  EXPECT_EQ(pair->server->failure(), "too many records without data");
}

// The peer asks for new keys again and again and does not read: our answer cannot go out, so reading has to
// wait for writing, beside the writer.
TEST_P(KeyUpdateTest, AReadThatMustWriteFirst) {
  join({.capacity = 3000});
  EXPECT_EQ(pair->client->read(buffer).status, io::IoStatus::would_block);  // takes the ticket, if any
  constexpr std::size_t kOverhead = 5 + 1 + 16;                             // of a record
  const std::string sent(3000 - kOverhead, 's');
  ASSERT_EQ(pair->server->write(sent).bytes, sent.size()) << "the pipe is full, and nothing is pending";
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(pair->client->native(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(pair->client->write("after the update").bytes, 16U);
  }
  turn();
  std::string up;
  std::string down;
  int done = 0;
  const std::string rest(20000, 's');
  io::spawn(receive_all(*pair->server, 100, up, done));
  turn();
  EXPECT_LT(up.size(), 48U);
  EXPECT_FALSE(pair->server->ready(io::Direction::read)) << "no spinning";
  io::spawn(send_all(*pair->server, rest, done));
  turn();
  io::spawn(receive_all(*pair->client, 100, down, done));
  ASSERT_TRUE(io::run_until(*pair->loop, [&] { return done == 2; })) << pair->server->failure();
  EXPECT_EQ(down, sent + rest);
  EXPECT_EQ(up.size(), 48U);
  pair->client->shutdown_write();
  ASSERT_TRUE(io::run_until(*pair->loop, [&] { return done == 3; }));
}

// The wait of such a read is ended like any other, though it lies beside the writer's.
TEST_P(KeyUpdateTest, AParkedWaitIsCancelled) {
  join({.capacity = 3000});
  EXPECT_EQ(pair->client->read(buffer).status, io::IoStatus::would_block);
  ASSERT_EQ(pair->server->write(std::string(3000 - 22, 's')).bytes, 2978U);
  for (int i = 0; i < 3; ++i) {
    SSL_key_update(pair->client->native(), SSL_KEY_UPDATE_REQUESTED);
    pair->client->write("x");
  }
  turn();
  while (pair->server->read(buffer).status == io::IoStatus::ok) {
  }
  std::optional<io::Wait> reading;
  std::optional<io::Wait> writing;
  io::spawn(wait_for(*pair->server, io::Direction::write, writing));
  io::spawn(wait_for(*pair->server, io::Direction::read, reading));
  EXPECT_FALSE(reading || writing);
  pair->server->cancel();
  EXPECT_EQ(reading, io::Wait::cancelled);
  EXPECT_EQ(writing, io::Wait::cancelled);
}

// The same over real sockets.
TEST(SocketTls, Loopback) {
  io::Loop loop;
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  ServerConfig server_config;
  server_config.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com")}}};
  server_config.tickets = std::make_shared<TicketKeys>();
  TlsStream server(std::make_unique<io::SocketStream>(loop, fds[0]), *server_context(server_config));
  TlsStream client(std::make_unique<io::SocketStream>(loop, fds[1]),
                   *client_context({.server_name = "shop.example.com", .trust = test_root().trust()}));
  std::optional<Result<void>> served;
  std::optional<Result<void>> connected;
  io::spawn(shake_hands(server, loop.now() + std::chrono::seconds(10), served));
  io::spawn(shake_hands(client, loop.now() + std::chrono::seconds(10), connected));
  ASSERT_TRUE(io::run_until(loop, [&] { return served && connected; }));
  ASSERT_TRUE(*served && *connected);
  const std::string text(5 << 20, 'x');
  std::string up;
  std::string down;
  int done = 0;
  io::spawn(send_all(client, text, done));
  io::spawn(send_all(server, text, done));
  io::spawn(receive_all(client, 65536, down, done));
  io::spawn(receive_all(server, 65536, up, done));
  ASSERT_TRUE(io::run_until(loop, [&] { return done == 4; }));
  EXPECT_TRUE(up == text);
  EXPECT_TRUE(down == text);
}

}  // namespace
}  // namespace turnpike::tls
