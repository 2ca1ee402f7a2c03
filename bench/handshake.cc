// handshake --to HOST:PORT [--connections N] [--seconds S] [--path /200]: full TLS handshakes, one request
// each.
//
// wrk resumes its sessions; this client never does. A closed loop for CPU per handshake; prints one JSON
// object.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <time.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "net.h"

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Connection {
  int fd = -1;
  SSL* ssl = nullptr;
  bool sent = false;
  std::size_t got = 0;
};

class Handshakes {
 public:
  Handshakes(sockaddr_in to, unsigned connections, const std::string& path)
      : to_(to), connections_(connections) {
    request_ = "GET " + path + " HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n";
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
  }

  void run(double seconds) {
    const double end = now() + seconds;
    for (Connection& c : connections_) open(c);
    std::array<epoll_event, 64> events;
    while (now() < end) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i) {
        auto& c = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!step(c)) open(c);
      }
    }
  }

  void print() const {
    std::printf("{\"completed\":%lu,\"errors\":%lu,\"resumed\":%lu}\n", completed_, errors_, resumed_);
  }

 private:
  void open(Connection& c) {
    if (c.ssl != nullptr) SSL_free(c.ssl);
    if (c.fd >= 0) close(c.fd);
    c = Connection{};
    c.fd = bench::connect_to(to_);
    if (c.fd < 0) bench::die("connect");
    c.ssl = SSL_new(context_);
    SSL_set_fd(c.ssl, c.fd);
    SSL_set_tlsext_host_name(c.ssl, "bench.test");
    SSL_set_connect_state(c.ssl);
    bench::watch(epoll_, c.fd, &c);
  }

  // False when this connection has had its turn.
  bool step(Connection& c) {
    ERR_clear_error();
    if (!SSL_is_init_finished(c.ssl)) {
      const int done = SSL_do_handshake(c.ssl);
      if (done != 1) return waits(c, done);
    }
    if (!c.sent) {
      const int done = SSL_write(c.ssl, request_.data(), static_cast<int>(request_.size()));
      if (done <= 0) return waits(c, done);
      c.sent = true;
    }
    std::array<char, 16384> buffer;
    for (;;) {
      const int got = SSL_read(c.ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (got <= 0) return waits(c, got);
      if (c.got == 0 &&
          !std::string_view(buffer.data(), static_cast<std::size_t>(got)).starts_with("HTTP/1.1 200 ")) {
        ++errors_;
        return false;
      }
      c.got += static_cast<std::size_t>(got);
    }
  }

  bool waits(Connection& c, int result) {
    const int error = SSL_get_error(c.ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
    if (c.got > 0) {  // the answer has come, and then the end
      ++completed_;
      resumed_ += static_cast<unsigned long>(SSL_session_reused(c.ssl));
    } else {
      ++errors_;
    }
    return false;
  }

  sockaddr_in to_;
  std::vector<Connection> connections_;
  std::string request_;
  SSL_CTX* context_ = nullptr;
  int epoll_ = -1;
  unsigned long completed_ = 0, errors_ = 0, resumed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in to{};
  bool has_target = false;
  unsigned connections = 16;
  double seconds = 3;
  std::string path = "/200";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--to") {
      to = bench::address_of(argv[i + 1]);
      has_target = true;
    } else if (flag == "--connections") {
      connections = static_cast<unsigned>(std::atoi(argv[i + 1]));
    } else if (flag == "--seconds") {
      seconds = std::atof(argv[i + 1]);
    } else if (flag == "--path") {
      path = argv[i + 1];
    }
  }
  if (!has_target || argc % 2 == 0 || connections == 0) {
    std::fputs("usage: handshake --to HOST:PORT [--connections N] [--seconds S] [--path /200]\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  Handshakes handshakes(to, connections, path);
  handshakes.run(seconds);
  handshakes.print();
}
