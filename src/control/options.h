// What the command line decides about a run. Filled in by cli/, read by everything in control/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "control/program.h"

namespace turnpike::control {

using namespace std::chrono_literals;

inline constexpr std::string_view kDefaultAdmin = "127.0.0.1:9901";

struct Options {
  // Where the configuration comes from: files and folders, or `text` where no file is needed (`turnpike
  // proxy`).
  std::vector<std::string> paths;
  std::string text;
  std::string text_name = "generated.yaml";  // what messages call `text`

  unsigned workers = 0;              // 0: one per core that this process may use
  std::string admin{kDefaultAdmin};  // "HOST:PORT" on loopback, "unix:/path" or "off"
  std::optional<std::string> bind;   // address of all listeners; absent: as Gateways say, else all addresses
  bool ephemeral_ports = false;      // every listener on a free port; see ports_file
  bool share_ports = false;          // let another Turnpike of the same user listen on the same ports
  std::string ports_file;            // written once everything listens and after each reload; empty: none

  Duration drain_delay = 0s;     // SIGTERM: between "not ready" and the end of accepting
  Duration drain_timeout = 30s;  // how long exchanges in progress may take after that

  CommandLine command;             // how this process was started: an upgrade starts its successor so
  Duration upgrade_timeout = 60s;  // from the start of the successor until it serves

  std::size_t memory_limit = 0;      // bytes; 0: that of the cgroup, if it has one
  std::size_t most_connections = 0;  // of clients; 0: derived from the descriptors that may be open
  std::string access_log;            // "stdout", "off" or a file; empty: what TelemetryPolicy says
};

// How `turnpike` ends (docs/operations.md).
enum class Exit : int {
  ok = 0,
  bad_configuration = 1,
  usage = 2,
  cannot_start = 3,  // a port is taken, a file cannot be read, a limit is too low
  not_upgraded = 4,  // `turnpike upgrade`: the process that ran before serves on
  internal = 70,     // a bug
};

}  // namespace turnpike::control
