// load --to HOST:PORT (--rate N [--seconds S] | --requests N) [--connections N] [--path /200] [--header 'A:
// b']... [--expect TEXT]
//
// An open-loop client: requests begin when the clock says so, whatever became of those before. Latency counts
// from the moment at which a request was due, so that waiting for a connection is part of it. Prints one JSON
// object.
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "net.h"

namespace {

struct Options {
  sockaddr_in to{};
  double rate = 0;
  std::uint64_t requests = 0;  // closed loop
  unsigned connections = 64;
  double seconds = 5;
  std::string path = "/200";
  std::string headers;
  std::string expect;  // must be in every response's content
};

volatile std::sig_atomic_t stopped = 0;  // SIGTERM: begin nothing more, wait for what is under way

std::int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

// Latencies in nanoseconds, 32 buckets for each doubling: within 3 % of the truth.
class Histogram {
 public:
  void add(std::int64_t ns) {
    ++buckets_[index(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 1)))];
    ++count_;
    most_ = std::max(most_, ns);
  }
  std::uint64_t count() const { return count_; }
  double max_us() const { return static_cast<double>(most_) / 1000; }
  double percentile_us(double share) const {
    const double wanted = std::ceil(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return static_cast<double>(value(i)) / 1000;
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;
  static std::size_t index(std::uint64_t v) {
    if (v < (1u << kBits)) return static_cast<std::size_t>(v);
    const unsigned top = 63 - static_cast<unsigned>(__builtin_clzll(v));
    return (static_cast<std::size_t>(top - kBits + 1) << kBits) +
           ((v >> (top - kBits)) & ((1u << kBits) - 1));
  }
  static std::uint64_t value(std::size_t i) {  // the upper end of a bucket
    if (i < (1u << kBits)) return i;
    const std::size_t shift = (i >> kBits) - 1;
    return (((i & ((1u << kBits) - 1)) + (1u << kBits) + 1) << shift) - 1;
  }
  std::array<std::uint64_t, (64 - kBits + 1) << kBits> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t most_ = 0;
};

struct Connection {
  int fd = -1;
  bool connected = false;
  bool busy = false;
  std::int64_t due = 0;
  std::string in;
  std::size_t whole = 0;  // bytes of the response under way, 0 while its head is not whole
};

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), connections_(options_.connections) {
    request_ = "GET " + options_.path + " HTTP/1.1\r\nHost: bench.test\r\n" + options_.headers + "\r\n";
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    bench::watch(epoll_, timer_, nullptr, EPOLLIN);
    for (Connection& c : connections_) open(c);
  }

  void run() {
    if (options_.requests != 0) return run_closed();
    const std::int64_t start = now_ns() + 50'000'000;  // time to connect
    auto total = static_cast<std::uint64_t>(options_.rate * options_.seconds);
    const std::int64_t end = start + static_cast<std::int64_t>(options_.seconds * 1e9);
    const std::int64_t give_up = end + 5'000'000'000;
    std::uint64_t begun = 0;
    while ((begun < total || answered_ + lost_ < begun) && now_ns() < give_up) {
      if (stopped != 0) total = std::min(total, begun);
      const std::int64_t now = now_ns();
      while (begun < total && due_at(start, begun) <= now) {
        waiting_.push_back(due_at(start, begun));
        ++begun;
      }
      dispatch();
      arm(begun < total ? due_at(start, begun) : give_up);
      turn();
    }
    begun_ = begun;
  }

  void run_closed() {
    const std::int64_t give_up = now_ns() + 120'000'000'000;
    while (answered_ + lost_ < options_.requests && now_ns() < give_up) {
      if (stopped != 0) options_.requests = std::min(options_.requests, begun_);
      while (begun_ < options_.requests && waiting_.size() < idle_.size()) {
        waiting_.push_back(now_ns());
        ++begun_;
      }
      dispatch();
      turn();
    }
  }

  void print() const {
    std::printf(
        "{\"rate\":%.0f,\"seconds\":%.3f,\"requests\":%llu,\"completed\":%llu,\"errors\":%llu,\"wrong\":%llu,"
        "\"unanswered\":%llu,\"reconnects\":%llu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":"
        "%.1f,"
        "\"max_us\":%.1f}\n",
        options_.rate, options_.seconds, ull(begun_), ull(histogram_.count()), ull(lost_), ull(wrong_),
        ull(begun_ - answered_ - lost_), ull(reconnects_), histogram_.percentile_us(0.5),
        histogram_.percentile_us(0.9), histogram_.percentile_us(0.99), histogram_.percentile_us(0.999),
        histogram_.max_us());
  }

 private:
  static unsigned long long ull(std::uint64_t v) { return v; }
  std::int64_t due_at(std::int64_t start, std::uint64_t n) const {
    return start + static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / options_.rate);
  }

  void open(Connection& c) {
    c = Connection{};
    c.fd = bench::connect_to(options_.to);
    if (c.fd >= 0) bench::watch(epoll_, c.fd, &c);
  }

  // A response whose head carried Connection: close costs nothing; one that broke off is an error.
  void reopen(Connection& c) {
    if (c.busy) ++lost_;
    close(c.fd);
    ++reconnects_;
    open(c);
  }

  void dispatch() {
    while (!waiting_.empty() && !idle_.empty()) {
      Connection& c = *idle_.back();
      idle_.pop_back();
      if (!c.connected || c.busy) continue;  // closed meanwhile, and listed again once connected
      c.due = waiting_.front();
      waiting_.pop_front();
      c.busy = true;
      // A request is far smaller than a socket buffer: it goes as a whole or not at all.
      if (send(c.fd, request_.data(), request_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request_.size()))
        reopen(c);
    }
  }

  void arm(std::int64_t when) {
    itimerspec spec{};
    spec.it_value.tv_sec = when / 1'000'000'000;
    spec.it_value.tv_nsec = when % 1'000'000'000;
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  void turn() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto* c = static_cast<Connection*>(event.data.ptr);
      if (c == nullptr) {
        std::uint64_t ticks;
        [[maybe_unused]] const ssize_t got = read(timer_, &ticks, sizeof(ticks));
        continue;
      }
      if (!c->connected && (event.events & EPOLLOUT) != 0 && (event.events & (EPOLLERR | EPOLLHUP)) == 0) {
        c->connected = true;
        idle_.push_back(c);
      }
      if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive(*c);
    }
  }

  void receive(Connection& c) {
    static std::array<char, 256 * 1024> buffer;
    for (;;) {
      const ssize_t got = recv(c.fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return reopen(c);
      c.in.append(buffer.data(), static_cast<std::size_t>(got));
      if (c.whole == 0) c.whole = size_of(c.in);
      if (c.whole == kBad || !c.busy) {
        ++wrong_;
        return reopen(c);
      }
      if (c.whole != 0 && c.in.size() >= c.whole && !finish(c)) return;
    }
  }

  static constexpr std::size_t kBad = static_cast<std::size_t>(-1);
  // Bytes of the whole response; 0 while the head is not whole; kBad for what is not understood.
  static std::size_t size_of(std::string_view in) {
    const std::size_t end = in.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const std::string_view head = in.substr(0, end);
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
      const std::size_t at = head.find(name);
      if (at != std::string_view::npos)
        return end + 4 + std::strtoul(head.data() + at + name.size(), nullptr, 10);
    }
    return kBad;
  }

  // False when the connection was closed.
  bool finish(Connection& c) {
    ++answered_;
    const std::string_view response(c.in);
    const bool right = response.starts_with("HTTP/1.1 200 ") && response.size() == c.whole &&
                       (options_.expect.empty() || response.find(options_.expect) != std::string_view::npos);
    if (right) {
      histogram_.add(now_ns() - c.due);
    } else {
      ++wrong_;
    }
    const std::string_view head = response.substr(0, response.find("\r\n\r\n"));
    const bool closes = head.find("onnection: close") != std::string_view::npos;
    c.busy = false;
    c.whole = 0;
    c.in.clear();
    if (closes) {
      reopen(c);
      return false;
    }
    idle_.push_back(&c);
    dispatch();
    return true;
  }

  Options options_;
  std::string request_;
  int epoll_ = -1;
  int timer_ = -1;
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  std::deque<std::int64_t> waiting_;  // when the requests that no connection took yet were due
  Histogram histogram_;
  std::uint64_t begun_ = 0, answered_ = 0, lost_ = 0, wrong_ = 0, reconnects_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  bool has_target = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--to") {
      options.to = bench::address_of(value);
      has_target = true;
    } else if (flag == "--rate") {
      options.rate = std::atof(value);
    } else if (flag == "--requests") {
      options.requests = std::strtoull(value, nullptr, 10);
    } else if (flag == "--connections") {
      options.connections = static_cast<unsigned>(std::atoi(value));
    } else if (flag == "--seconds") {
      options.seconds = std::atof(value);
    } else if (flag == "--path") {
      options.path = value;
    } else if (flag == "--expect") {
      options.expect = value;
    } else if (flag == "--header") {
      options.headers += std::string(value) + "\r\n";
    } else {
      std::fprintf(stderr, "load: unknown option %s\n", argv[i]);
      return 2;
    }
  }
  if (!has_target || argc % 2 == 0 || (options.rate > 0) == (options.requests > 0) ||
      options.connections == 0 || !(options.seconds > 0)) {
    std::fputs(
        "usage: load --to HOST:PORT (--rate N [--seconds S] | --requests N) [--connections N] [--path /200] "
        "[--header 'A: "
        "b']... [--expect TEXT]\n",
        stderr);
    return 2;
  }
  std::signal(SIGTERM, [](int) { stopped = 1; });
  Load load(std::move(options));
  load.run();
  load.print();
}
