// Events for operators: a reload, a refused configuration, a certificate about to expire. Not for requests
// (those have the access log) and not for workers: writing takes a lock and a system call.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "base/hash.h"
#include "base/time.h"

namespace turnpike::observe {

enum class Level : std::uint8_t { debug, info, warning, error };
std::string_view name_of(Level level) noexcept;
std::optional<Level> level_from(std::string_view name) noexcept;

// One detail of an event.
struct Detail {
  std::string_view key;  // letters, digits and '_'
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
};

struct LogConfig {
  Level level = Level::info;                // what is below is not written
  bool json = false;                        // else: time level area message key=value …
  int fd = 2;                               // not owned
  unsigned burst = 20;                      // so many events of one kind (area and message) ...
  Duration per = std::chrono::seconds(10);  // ... in such a time; the next one tells how many were left out
};

// May be used by all threads but workers.
class Log {
 public:
  explicit Log(const LogConfig& config = {}) : config_(config) {}
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // `area` and `message` are constant texts that name the kind of event ("control", "configuration refused");
  // what differs goes into the details. Texts are escaped: an event is always one line.
  void write(Level level, std::string_view area, std::string_view message,
             std::initializer_list<Detail> details = {});
  void debug(std::string_view area, std::string_view message, std::initializer_list<Detail> details = {}) {
    write(Level::debug, area, message, details);
  }
  void info(std::string_view area, std::string_view message, std::initializer_list<Detail> details = {}) {
    write(Level::info, area, message, details);
  }
  void warning(std::string_view area, std::string_view message, std::initializer_list<Detail> details = {}) {
    write(Level::warning, area, message, details);
  }
  void error(std::string_view area, std::string_view message, std::initializer_list<Detail> details = {}) {
    write(Level::error, area, message, details);
  }
  bool enabled(Level level) const noexcept { return level >= config_.level; }

 private:
  struct Kind {
    TimePoint window{};
    unsigned written = 0;
    std::uint64_t left_out = 0;
  };
  // Whether it may be written now; `left_out` gets how many were not, since the last one.
  bool admit(std::string_view area, std::string_view message, std::uint64_t& left_out);

  static constexpr std::size_t kMostKinds = 1024;
  const LogConfig config_;
  std::mutex mutex_;
  std::unordered_map<std::string, Kind, StringHash, std::equal_to<>> kinds_;
};

}  // namespace turnpike::observe
