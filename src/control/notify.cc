#include "control/notify.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/strings.h"

namespace turnpike::control {
namespace {

constexpr std::size_t kMostStatus = 1024;

// One line: a line break would begin another assignment.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=" + std::string(status.substr(0, kMostStatus));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line += '\n';
}

// CLOCK_MONOTONIC, which the manager compares with its own: how it tells this reload from the one before.
std::string monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

Notify::Notify(const char* socket) {
  const std::string_view name = socket == nullptr ? "" : socket;
  if (name.starts_with('/') || name.starts_with('@')) address_ = io::Address::from_unix(name);
}

Notify Notify::from_environment() { return Notify(std::getenv("NOTIFY_SOCKET")); }

// What cannot be sent is lost: the manager restarts, or somebody gave us a wrong name. Nothing depends on it.
void Notify::send(const std::string& message) const {
  if (!address_) return;
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT, address_->data(),
           address_->size());
  ::close(fd);
}

void Notify::ready(std::string_view status) const { send("READY=1\n" + status_line(status)); }
void Notify::reloading(std::string_view status) const {
  send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds() + "\n" + status_line(status));
}
void Notify::stopping(std::string_view status) const { send("STOPPING=1\n" + status_line(status)); }
void Notify::main_process(pid_t pid, std::string_view status) const {
  send("MAINPID=" + std::to_string(pid) + "\nREADY=1\n" + status_line(status));
}
void Notify::alive() const { send("WATCHDOG=1\n"); }

std::optional<Duration> watchdog_interval(const char* microseconds, const char* pid, pid_t own) {
  if (microseconds == nullptr) return std::nullopt;
  if (pid != nullptr && parse_decimal<pid_t>(pid) != own) return std::nullopt;
  constexpr std::uint64_t kLeast = 10'000;
  constexpr std::uint64_t kMost = 1'000'000ULL * 3600 * 24;
  const auto value = parse_decimal<std::uint64_t>(microseconds);
  if (!value || *value < kLeast) return std::nullopt;
  return std::chrono::microseconds(std::min(*value, kMost)) / 2;
}

}  // namespace turnpike::control
