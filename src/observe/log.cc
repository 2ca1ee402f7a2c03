#include "observe/log.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <ctime>
#include <utility>

#include "observe/escape.h"

namespace turnpike::observe {
namespace {

std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char text[32];
  std::string out(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
  const std::string ms = std::to_string(now.tv_nsec / 1'000'000);
  return out.append(3 - ms.size(), '0').append(ms).append("Z");
}

template <class Number>
void append_number(std::string& out, Number value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, error == std::errc{} ? static_cast<std::size_t>(end - text) : 0);
}

void append_value(std::string& out, const Detail& detail, bool json) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          // Bare where nothing in it could be taken for something else.
          const bool bare =
              !json && !value.empty() && value.find_first_of(" =\"\\") == std::string_view::npos;
          if (!bare) out += '"';
          append_json(out, value);
          if (!bare) out += '"';
        } else if constexpr (std::is_same_v<T, bool>) {
          out += value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          // JSON has neither infinity nor NaN.
          if (std::isfinite(value)) {
            append_number(out, value);
          } else {
            out += "null";
          }
        } else {
          append_number(out, value);
        }
      },
      detail.value);
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  out.append(out.empty() ? "{\"" : ",\"").append(key).append("\":\"");
  append_json(out, text);
  out += '"';
}

void append_detail(std::string& out, const Detail& detail, bool json) {
  out += json ? ",\"" : " ";
  append_json(out, detail.key);
  out += json ? "\":" : "=";
  append_value(out, detail, json);
}

std::string line_of(Level level, std::string_view area, std::string_view message,
                    std::initializer_list<Detail> details, std::uint64_t left_out, bool json) {
  std::string line;
  if (json) {
    append_member(line, "time", now_text());
    append_member(line, "level", name_of(level));
    append_member(line, "area", area);
    append_member(line, "message", message);
  } else {
    line = now_text().append(" ").append(name_of(level)).append(" ");
    append_json(line, area);
    line += ": ";
    append_json(line, message);
  }
  for (const Detail& detail : details) append_detail(line, detail, json);
  if (left_out > 0) append_detail(line, {"left_out", left_out}, json);
  return line.append(json ? "}\n" : "\n");
}

}  // namespace

std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "";
}

std::optional<Level> level_from(std::string_view name) noexcept {
  for (Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
    if (name == name_of(level)) return level;
  }
  return std::nullopt;
}

void Log::write(Level level, std::string_view area, std::string_view message,
                std::initializer_list<Detail> details) {
  if (!enabled(level)) return;
  const std::lock_guard lock(mutex_);
  std::uint64_t left_out = 0;
  if (!admit(area, message, left_out)) return;
  const std::string line = line_of(level, area, message, details, left_out, config_.json);
  // One write per line: lines of other processes on the same descriptor do not fall into it.
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(config_.fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool Log::admit(std::string_view area, std::string_view message, std::uint64_t& left_out) {
  std::string name(area);
  name.append("\n").append(message);
  auto at = kinds_.find(name);
  if (at == kinds_.end()) {
    // Kinds are constants of the program; should one be made of outside text, the bound holds all the same.
    if (kinds_.size() >= kMostKinds) kinds_.clear();
    at = kinds_.emplace(std::move(name), Kind{}).first;
  }
  Kind& kind = at->second;
  const TimePoint now = std::chrono::steady_clock::now();
  if (kind.written == 0 || now - kind.window >= config_.per) {
    kind.window = now;
    kind.written = 0;
  }
  if (kind.written >= config_.burst) {
    ++kind.left_out;
    return false;
  }
  ++kind.written;
  left_out = std::exchange(kind.left_out, 0);
  return true;
}

}  // namespace turnpike::observe
