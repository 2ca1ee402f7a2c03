#include "control/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/strings.h"
#include "control/descriptor.h"

namespace turnpike::control {
namespace {

constexpr std::size_t kMostAnswer = 1U << 20;

std::string error_text(std::string_view what) { return std::string(what) + ": " + std::strerror(errno); }

// The value of the line "NAME VALUE"; nothing if there is no such line.
std::optional<std::string_view> line_value(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(' '))
      return line.substr(name.size() + 1);
  }
  return std::nullopt;
}

}  // namespace

std::expected<std::string, std::string> admin_get(const io::Address& address, std::string_view path,
                                                  Duration timeout) {
  const Descriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(error_text("socket"));
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  const timeval limit{.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), address.data(), address.size()) != 0)
    return std::unexpected(error_text(address.text()));
  const std::string request =
      "GET " + std::string(path) +
      " HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return std::unexpected(error_text(address.text()));
  std::string answer;
  std::array<char, 16384> buffer;
  while (answer.size() <= kMostAnswer) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_text(address.text()));
    if (got == 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t head = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 ") || head == std::string::npos)
    return std::unexpected(address.text() + ": what answers there is no Turnpike");
  if (!answer.starts_with("HTTP/1.1 200 "))
    return std::unexpected(address.text() + ": answered " + answer.substr(9, answer.find('\r') - 9));
  return answer.substr(head + 4);
}

std::expected<UpgradeReport, std::string> parse_upgrade_report(std::string_view text) {
  UpgradeReport out;
  const auto pid = line_value(text, "pid");
  const auto number = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const auto value = line_value(text, name);
    return value ? parse_decimal<std::uint64_t>(*value) : std::nullopt;
  };
  const auto generation = number("generation");
  const auto attempts = number("attempts");
  const auto running = number("running");
  const auto process = pid ? parse_decimal<std::int64_t>(*pid) : std::nullopt;
  if (!process || *process <= 0 || !generation || !attempts || !running)
    return std::unexpected("its answer cannot be understood: is it another version?");
  out.pid = *process;
  out.version = line_value(text, "version").value_or("");
  out.generation = *generation;
  out.attempts = *attempts;
  out.running = *running != 0;
  // All that follows is the error: it may have several lines.
  if (const std::size_t at = text.find("\nerror "); at != std::string_view::npos)
    out.error = text.substr(at + 7);
  while (out.error.ends_with('\n')) out.error.pop_back();
  return out;
}

}  // namespace turnpike::control
