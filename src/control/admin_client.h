// Asking another process's admin API. Blocks; for commands.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/address.h"

namespace turnpike::control {

// The content of a page, asked for as text/plain. The error is for people.
std::expected<std::string, std::string> admin_get(const io::Address& address, std::string_view path,
                                                  Duration timeout);

// What /upgrade says.
struct UpgradeReport {
  std::int64_t pid = 0;
  std::string version;
  std::uint64_t generation = 0;
  std::uint64_t attempts = 0;
  bool running = false;
  std::string error;  // empty: none
};
std::expected<UpgradeReport, std::string> parse_upgrade_report(std::string_view text);

}  // namespace turnpike::control
