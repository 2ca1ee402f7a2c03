// What a handshake, a record and an idle connection cost. Times are of both sides together, over a pipe in
// memory.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "io/socket.h"
#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

struct Kind {
  crypto::KeyType key = crypto::KeyType::ec;
  Version version = Version::tls13;
  bool tickets = false;
  bool mutual = false;
};

ServerConfig server_config(const Kind& kind) {
  ServerConfig config;
  config.names = {{.hostname = "", .certificates = {certificate_for("shop.example.com", kind.key)}}};
  if (kind.tickets) config.tickets = std::make_shared<TicketKeys>();
  if (kind.mutual) {
    config.client_validation = ClientValidation::valid_only;
    config.client_trust = test_root().trust();
  }
  return config;
}

ClientConfig client_config(const Kind& kind) {
  ClientConfig config{
      .server_name = "shop.example.com", .trust = test_root().trust(), .max_version = kind.version};
  if (kind.mutual) config.certificate = certificate_for("client");
  return config;
}

void handshake(benchmark::State& state, Kind kind) {
  const auto server = server_context(server_config(kind));
  const auto client = client_context(client_config(kind));
  SessionCache sessions;
  std::size_t resumed = 0;
  char buffer[100];
  for (auto _ : state) {
    TestPair pair;
    pair.make_server(*server);
    pair.make_client(*client, kind.tickets ? &sessions : nullptr);
    if (!pair.shake() || !pair.good()) state.SkipWithError("the handshake failed");
    pair.client->read(buffer);  // the ticket
    resumed += pair.server->resumed() ? 1U : 0U;
  }
  if (kind.tickets && resumed + 1 < static_cast<std::size_t>(state.iterations())) {
    state.SkipWithError("sessions were not resumed");
  }
}

BENCHMARK_CAPTURE(handshake, tls13_ec, Kind{});
BENCHMARK_CAPTURE(handshake, tls13_rsa, Kind{.key = crypto::KeyType::rsa});
BENCHMARK_CAPTURE(handshake, tls13_ec_resumed, Kind{.tickets = true});
BENCHMARK_CAPTURE(handshake, tls13_ec_mutual, Kind{.mutual = true});
BENCHMARK_CAPTURE(handshake, tls13_ec_mutual_resumed, Kind{.tickets = true, .mutual = true});
BENCHMARK_CAPTURE(handshake, tls12_ec, Kind{.version = Version::tls12});
BENCHMARK_CAPTURE(handshake, tls12_ec_resumed, Kind{.version = Version::tls12, .tickets = true});

// One message from client to server, of state.range(0) bytes.
void transfer_bytes(benchmark::State& state) {
  const auto server = server_context(server_config({}));
  const auto client = client_context(client_config({}));
  TestPair pair({.capacity = 1 << 20});
  pair.make_server(*server);
  pair.make_client(*client);
  if (!pair.shake() || !pair.good()) state.SkipWithError("the handshake failed");
  const std::string message(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<char> buffer(message.size());
  for (auto _ : state) {
    pair.client->write(message);
    std::size_t got = 0;
    while (got < message.size()) got += pair.server->read(buffer).bytes;
    pair.loop->turn(pair.loop->now());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(message.size()) * state.iterations());
}
BENCHMARK(transfer_bytes)->Arg(200)->Arg(4096)->Arg(65536);

// Heap bytes of one server connection that waits for its next request, the stream over its socket included.
// Target: 16 KB.
void idle_connection(benchmark::State& state) {
  constexpr std::size_t kConnections = 1000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Kind kind{.version = state.range(0) == 12 ? Version::tls12 : Version::tls13, .tickets = true};
  const auto server = server_context(server_config(kind));
  const auto client = client_context(client_config(kind));
  for (auto _ : state) {
    io::Loop loop;
    std::vector<std::unique_ptr<TlsStream>> servers(kConnections);
    std::vector<std::unique_ptr<TlsStream>> clients(kConnections);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < kConnections; ++i) {
      int fds[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
        state.SkipWithError("descriptors ran out");
        return;
      }
      servers[i] = std::make_unique<TlsStream>(std::make_unique<io::SocketStream>(loop, fds[0]), *server);
      clients[i] = std::make_unique<TlsStream>(std::make_unique<io::SocketStream>(loop, fds[1]), *client);
      std::optional<Result<void>> served;
      std::optional<Result<void>> connected;
      io::spawn(shake_hands(*servers[i], kNever, served));
      io::spawn(shake_hands(*clients[i], kNever, connected));
      io::run_until(loop, [&] { return served && connected; });
      char buffer[1000];
      clients[i]->write(std::string(500, 'q'));  // a request and its answer
      io::run_until(loop, [&] { return servers[i]->read(buffer).bytes > 0; });
      servers[i]->write(std::string(500, 'a'));
      io::run_until(loop, [&] { return clients[i]->read(buffer).bytes > 0; });
      servers[i]->read(buffer);
    }
    for (auto& stream : clients) stream.reset();
    state.counters["bytes_per_connection"] =
        static_cast<double>(::mallinfo2().uordblks - before) / static_cast<double>(kConnections);
  }
}
BENCHMARK(idle_connection)->Arg(12)->Arg(13)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace turnpike::tls
