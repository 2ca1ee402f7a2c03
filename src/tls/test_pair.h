// For tests of tls/: a client and a server joined by a pipe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "crypto/test_certificates.h"
#include "io/pipe.h"
#include "io/testing.h"
#include "tls/stream.h"

namespace turnpike::tls {

inline io::Task<void> shake_hands(TlsStream& stream, TimePoint deadline, std::optional<Result<void>>& out) {
  out.emplace(co_await stream.handshake(deadline));
}

struct TestPair {
  explicit TestPair(io::PipeOptions options = {}) : TestPair(std::make_unique<io::Loop>(), options) {}

  void make_server(const ServerContext& context) {
    server = std::make_unique<TlsStream>(std::move(server_end), context);
  }
  void make_client(const ClientContext& context, SessionCache* sessions = nullptr) {
    client = std::make_unique<TlsStream>(std::move(client_end), context, sessions, "endpoint");
  }
  // Both sides to their end, whatever it is.
  bool shake() {
    io::spawn(shake_hands(*server, kNever, served));
    io::spawn(shake_hands(*client, kNever, connected));
    return io::run_until(*loop, [&] {
      // Who has failed closes, as the owner of a stream does.
      if (served && !*served) server->shutdown_write();
      if (connected && !*connected) client->shutdown_write();
      return served && connected;
    });
  }
  bool good() const { return served && connected && *served && *connected; }
  std::string_view server_error() const { return served && !*served ? served->error().detail : ""; }
  std::string_view client_error() const { return connected && !*connected ? connected->error().detail : ""; }

  std::unique_ptr<io::Loop> loop;
  std::unique_ptr<io::Stream> client_end;
  std::unique_ptr<io::Stream> server_end;
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
  std::optional<Result<void>> served;
  std::optional<Result<void>> connected;

 private:
  TestPair(std::unique_ptr<io::Loop> made, io::PipeOptions options) : loop(std::move(made)) {
    loop->use_virtual_time();
    std::tie(client_end, server_end) = io::make_pipe(*loop, options);
  }
};

// What one side sends until the other has it all; nothing when it does not arrive.
std::string inline transfer(TestPair& pair, io::Stream& from, io::Stream& to, std::string_view text) {
  std::string received;
  char buffer[5000];
  io::run_until(*pair.loop, [&] {
    if (!text.empty()) text.remove_prefix(from.write(text).bytes);
    for (;;) {
      const io::IoResult result = to.read(buffer);
      if (result.status != io::IoStatus::ok) {
        if (result.status == io::IoStatus::would_block) break;
        return true;
      }
      received.append(buffer, result.bytes);
    }
    return text.empty() && !to.ready(io::Direction::read);
  });
  return received;
}

// One authority for all tests of the program: keys cost time.
inline const crypto::TestAuthority& test_root() {
  static const crypto::TestAuthority root("Test Root");
  return root;
}
inline crypto::KeyPair certificate_for(const std::string& name, crypto::KeyType key = crypto::KeyType::ec) {
  return test_root().issue({.common_name = name, .names = {"DNS:" + name}, .key = key}).pair();
}

inline std::shared_ptr<const ServerContext> server_context(const ServerConfig& config) {
  auto made = ServerContext::make(config);
  if (!made) throw std::runtime_error(made.error());
  return *made;
}
inline std::shared_ptr<const ClientContext> client_context(const ClientConfig& config) {
  auto made = ClientContext::make(config);
  if (!made) throw std::runtime_error(made.error());
  return *made;
}

}  // namespace turnpike::tls
