// relay LISTEN TO: copies bytes both ways and looks at none of them. What it costs is the floor for any proxy
// of TCP on this machine: one thread, epoll, one upstream connection per client connection.
#include <array>
#include <string>
#include <vector>

#include "net.h"

namespace {

struct Pair;

struct Side {
  Pair* pair = nullptr;
  int fd = -1;
  Side* other = nullptr;
  std::string left;  // bytes for this side that it did not take yet
};

struct Pair {
  Side client, upstream;
  bool dead = false;
};

std::array<char, 128 * 1024> buffer;

// Bytes from one side to the other; false when the pair is over.
bool pump(Side& from) {
  Side& to = *from.other;
  for (;;) {
    while (!to.left.empty()) {
      const ssize_t sent = send(to.fd, to.left.data(), to.left.size(), MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS;
      to.left.erase(0, static_cast<std::size_t>(sent));
    }
    const ssize_t got = recv(from.fd, buffer.data(), buffer.size(), 0);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == ENOTCONN;
    const auto size = static_cast<std::size_t>(got);
    const ssize_t sent = send(to.fd, buffer.data(), size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINPROGRESS) return false;
    const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (done < size) {
      to.left.assign(buffer.data() + done, size - done);
      return true;
    }
    if (size < buffer.size()) return true;  // edge-triggered: more will be told
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: relay LISTEN TO\n", stderr);
    return 2;
  }
  const sockaddr_in to = bench::address_of(argv[2]);
  const int listener = bench::listen_at(bench::address_of(argv[1]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr, EPOLLIN);
  std::array<epoll_event, 256> events;
  std::vector<Pair*> dead;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto* side = static_cast<Side*>(event.data.ptr);
      if (side == nullptr) {
        int fd;
        while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          bench::no_delay(fd);
          auto* pair = new Pair;
          pair->client = {pair, fd, &pair->upstream, {}};
          pair->upstream = {pair, bench::connect_to(to), &pair->client, {}};
          if (pair->upstream.fd < 0) bench::die("connect");
          bench::watch(epoll, fd, &pair->client);
          bench::watch(epoll, pair->upstream.fd, &pair->upstream);
        }
        continue;
      }
      Pair& pair = *side->pair;
      if (pair.dead) continue;
      bool alive = true;
      if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) alive = pump(*side);
      if (alive && (event.events & EPOLLOUT) != 0 && !side->left.empty()) alive = pump(*side->other);
      if (!alive) {
        pair.dead = true;
        close(pair.client.fd);
        close(pair.upstream.fd);
        dead.push_back(&pair);
      }
    }
    for (Pair* pair : dead) delete pair;
    dead.clear();
  }
}
