#include "observe/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

namespace turnpike::observe {
namespace {

// How long the writer thread sleeps: short while lines come, so that a ring of the usual size holds what
// comes meanwhile, longer when nothing does. No worker ever wakes it.
constexpr auto kShortSleep = std::chrono::milliseconds(5);
constexpr auto kLongSleep = std::chrono::milliseconds(80);
// A reader of a pipe that takes nothing for so long loses lines when the process ends.
constexpr auto kLastWait = std::chrono::seconds(1);
constexpr std::size_t kSmallestRing = std::size_t{64} * 1024;

int open_file(const std::string& path) noexcept {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

}  // namespace

// The descriptor. Pipes and terminals are opened once more so that they can be made non-blocking without a
// change to whoever shares them with us: a reader that stands still must not hold up the end of the process.
struct AccessLog::Sink {
  int fd = -1;
  bool owned = false;

  Sink(int descriptor, bool own) noexcept : fd(descriptor), owned(own) {}
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink() { close(); }

  void close() noexcept {
    if (owned) ::close(fd);
  }
  void replace(int descriptor) noexcept {
    close();
    fd = descriptor;
    owned = true;
  }
  static std::unique_ptr<Sink> standard_output() {
    struct stat info{};
    if (::fstat(STDOUT_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) {
      const int fd = ::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
      if (fd >= 0) return std::make_unique<Sink>(fd, true);
    }
    return std::make_unique<Sink>(STDOUT_FILENO, false);
  }
};

AccessWriter::AccessWriter(const AccessFormat& format, std::size_t ring_bytes, Block metrics,
                           const ProcessMetrics& names)
    : format_(format),
      ring_(ring_bytes),
      metrics_(metrics),
      records_(names.access_log_records),
      dropped_(names.access_log_dropped),
      spill_(std::make_unique<char[]>(AccessFormat::kMaxLine)) {}

void AccessWriter::record(const AccessRecord& record) noexcept {
  metrics_.add(records_);
  // No line is shorter than this by much: a full ring costs no formatting.
  if (ring_.full(64)) return metrics_.add(dropped_);
  char* const direct = ring_.reserve(AccessFormat::kMaxLine);
  char* const to = direct != nullptr ? direct : spill_.get();
  const auto size = static_cast<std::size_t>(format_.write(to, record, clock_) - to);
  if (direct != nullptr) {
    ring_.commit(size);
  } else if (!ring_.push({to, size})) {
    metrics_.add(dropped_);
  }
}

std::expected<std::unique_ptr<AccessLog>, std::string> AccessLog::open(const AccessLogConfig& config,
                                                                       unsigned workers, Registry& registry,
                                                                       const Families& families) {
  std::unique_ptr<AccessLog> log(new AccessLog(config, workers, registry, families));
  if (config.sink == AccessLogConfig::Sink::off) return log;
  if (config.sink == AccessLogConfig::Sink::file) {
    const int fd = open_file(config.path);
    if (fd < 0)
      return std::unexpected("cannot open the access log '" + config.path + "': " + std::strerror(errno));
    log->sink_ = std::make_unique<Sink>(fd, true);
  } else {
    log->sink_ = Sink::standard_output();
  }
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

AccessLog::AccessLog(const AccessLogConfig& config, unsigned workers, Registry& registry,
                     const Families& families)
    : config_(config), failures_(std::make_shared<std::atomic<std::uint64_t>>(0)) {
  if (config.sink == AccessLogConfig::Sink::off) return;
  const std::size_t ring_bytes = std::max(config.ring_bytes, kSmallestRing);
  for (unsigned i = 0; i < workers; ++i) {
    writers_.emplace_back(new AccessWriter(
        config_.format, ring_bytes, registry.worker(i).block(families.process.series), families.process));
  }
  registry.before_render([&registry, failures = failures_, names = families.process] {
    registry.control()
        .block(names.series)
        .set(names.access_log_failures, failures->load(std::memory_order_relaxed));
  });
}

AccessLog::~AccessLog() {
  stop_.store(true, std::memory_order_release);
  if (thread_.joinable()) thread_.join();
}

void AccessLog::flush() {
  if (!thread_.joinable()) return;
  // The turn that runs now may have passed some ring already: the next one has not.
  const std::uint64_t enough = rounds_.load(std::memory_order_acquire) + 2;
  while (rounds_.load(std::memory_order_acquire) < enough)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void AccessLog::reopen(std::function<void(int error)> done) {
  if (!thread_.joinable() || config_.sink != AccessLogConfig::Sink::file) return done(0);
  const std::scoped_lock lock(reopen_mutex_);
  reopen_.push_back(std::move(done));
}

std::vector<std::function<void(int)>> AccessLog::take_reopen() {
  const std::scoped_lock lock(reopen_mutex_);
  return std::exchange(reopen_, {});
}

void AccessLog::run() {
  // Signals are for other threads; a reader that went away shows as EPIPE.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  auto sleep = kShortSleep;
  while (true) {
    const bool last = stop_.load(std::memory_order_acquire);
    const auto reopen = take_reopen();
    const bool busy = drain_once();
    if (!reopen.empty()) {
      const int fd = open_file(config_.path);
      const int error = fd < 0 ? errno : 0;
      if (fd >= 0) {
        sink_->replace(fd);
      } else {
        failures_->fetch_add(1, std::memory_order_relaxed);
      }
      for (const auto& done : reopen) done(error);
    }
    rounds_.fetch_add(1, std::memory_order_release);
    if (last) return;
    sleep = busy ? kShortSleep : std::min(sleep * 2, kLongSleep);
    std::this_thread::sleep_for(sleep);
  }
}

bool AccessLog::drain_once() {
  std::vector<Ring::Readable> parts;
  std::size_t bytes = 0;
  parts.reserve(writers_.size());
  for (const auto& writer : writers_) {
    parts.push_back(writer->ring_.readable());
    bytes += parts.back().size();
  }
  if (bytes == 0) return false;
  // What cannot be written is given up: the workers must find room again.
  if (!write_out(parts)) failures_->fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < parts.size(); ++i) writers_[i]->ring_.consume(parts[i].size());
  return true;
}

bool AccessLog::write_out(const std::vector<Ring::Readable>& parts) {
  constexpr std::size_t kMostVectors = 64;
  std::vector<iovec> vectors;
  for (const Ring::Readable& part : parts) {
    for (std::string_view text : {part.first, part.second}) {
      if (!text.empty()) vectors.push_back({const_cast<char*>(text.data()), text.size()});
    }
  }
  TimePoint give_up = kNever;
  for (std::size_t at = 0; at < vectors.size();) {
    const auto count = static_cast<int>(std::min(vectors.size() - at, kMostVectors));
    ssize_t written = ::writev(sink_->fd, vectors.data() + at, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return false;
      if (stop_.load(std::memory_order_acquire)) {
        const TimePoint now = std::chrono::steady_clock::now();
        if (give_up == kNever) give_up = now + kLastWait;
        if (now >= give_up) return false;
      }
      pollfd ready{sink_->fd, POLLOUT, 0};
      ::poll(&ready, 1, 50);
      continue;
    }
    while (at < vectors.size() && static_cast<std::size_t>(written) >= vectors[at].iov_len) {
      written -= static_cast<ssize_t>(vectors[at].iov_len);
      ++at;
    }
    if (at < vectors.size()) {
      vectors[at].iov_base = static_cast<char*>(vectors[at].iov_base) + written;
      vectors[at].iov_len -= static_cast<std::size_t>(written);
    }
  }
  return true;
}

}  // namespace turnpike::observe
