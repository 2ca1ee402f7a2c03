#include <cstring>
#include <ctime>

#include "observe/access_format.h"

namespace turnpike::observe {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t clock_ns(clockid_t id) noexcept {
  timespec now{};
  ::clock_gettime(id, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

char* put_two(char* to, int value) noexcept {
  *to++ = static_cast<char>('0' + value / 10 % 10);
  *to++ = static_cast<char>('0' + value % 10);
  return to;
}

}  // namespace

char* FormatClock::write(char* to, TimePoint at) noexcept {
  // Requests end out of order, so that `at` may lie before what was looked at last; long before is fine as
  // well.
  if (at >= valid_until_) refresh(at);
  const std::int64_t wall = at.time_since_epoch().count() + offset_;
  const std::int64_t second = wall / kSecond;
  if (second != second_) format_second(second);
  std::memcpy(to, text_, sizeof text_);
  const auto ms = static_cast<int>(wall % kSecond / 1'000'000);
  to += sizeof text_;
  *to++ = static_cast<char>('0' + ms / 100 % 10);
  to = put_two(to, ms % 100);
  *to++ = 'Z';
  return to;
}

void FormatClock::anchor(TimePoint steady, std::int64_t unix_ns) noexcept {
  offset_ = unix_ns - steady.time_since_epoch().count();
  valid_until_ = steady + std::chrono::seconds(1);
}

void FormatClock::refresh(TimePoint at) noexcept {
  offset_ = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
  valid_until_ = at + std::chrono::seconds(1);
}

void FormatClock::format_second(std::int64_t second) noexcept {
  second_ = second;
  const auto seconds = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char* at = text_;
  at = put_two(at, (parts.tm_year + 1900) / 100);
  at = put_two(at, (parts.tm_year + 1900) % 100);
  *at++ = '-';
  at = put_two(at, parts.tm_mon + 1);
  *at++ = '-';
  at = put_two(at, parts.tm_mday);
  *at++ = 'T';
  at = put_two(at, parts.tm_hour);
  *at++ = ':';
  at = put_two(at, parts.tm_min);
  *at++ = ':';
  at = put_two(at, parts.tm_sec);
  *at++ = '.';
}

}  // namespace turnpike::observe
