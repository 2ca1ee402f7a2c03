// origin PORT: the upstream of the benchmark. GET /N answers with N bytes, kept alive, with as little CPU as
// it can.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "net.h"

namespace {

constexpr std::size_t kBuffer = 16 * 1024;
constexpr std::size_t kMost = 16 * 1024 * 1024;

struct Connection {
  int fd = -1;
  std::size_t filled = 0;
  bool last = false;      // asked to close after its answer
  std::string_view left;  // of the answer under way
  std::array<char, kBuffer> in;
};

const std::string& answer_of(std::size_t size) {
  static std::map<std::size_t, std::string> answers;
  std::string& text = answers[size];
  if (text.empty()) {
    text = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
           std::to_string(size) + "\r\n\r\n";
    text.append(size, 'x');
  }
  return text;
}

// False when the connection is over.
bool flush(Connection& c) {
  while (!c.left.empty()) {
    const ssize_t sent = send(c.fd, c.left.data(), c.left.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    c.left.remove_prefix(static_cast<std::size_t>(sent));
  }
  return !c.last;
}

// Answers the requests that are whole; false when the connection is over.
bool answer(Connection& c) {
  std::string_view rest(c.in.data(), c.filled);
  while (c.left.empty()) {
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) break;
    const std::string_view head = rest.substr(0, end);
    const std::size_t slash = head.find('/');
    const std::size_t size =
        slash == std::string_view::npos ? 0 : std::strtoul(head.data() + slash + 1, nullptr, 10);
    c.last = head.find("onnection: close") != std::string_view::npos;
    c.left = answer_of(std::min(size, kMost));
    rest.remove_prefix(end + 4);
    if (!flush(c)) return false;
  }
  std::memmove(c.in.data(), rest.data(), rest.size());
  c.filled = rest.size();
  return true;
}

bool serve(Connection& c) {
  if (!flush(c) || !answer(c)) return false;
  while (c.left.empty()) {
    const std::size_t room = c.in.size() - c.filled;
    if (room == 0) return false;  // no head is that long here
    const ssize_t got = recv(c.fd, c.in.data() + c.filled, room, 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
    c.filled += static_cast<std::size_t>(got);
    if (!answer(c)) return false;
    if (static_cast<std::size_t>(got) < room) return true;  // edge-triggered: more will be told
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: origin PORT\n", stderr);
    return 2;
  }
  const int listener = bench::listen_at(bench::address_of(argv[1]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr, EPOLLIN);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* c = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (c == nullptr) {
        int fd;
        while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          bench::no_delay(fd);
          auto* fresh = new Connection;
          fresh->fd = fd;
          bench::watch(epoll, fd, fresh);
        }
      } else if (!serve(*c)) {
        close(c->fd);
        delete c;
      }
    }
  }
}
