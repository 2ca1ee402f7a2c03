// The command line, read and checked. The only file pair that knows CLI11.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "cli/values.h"
#include "control/options.h"

namespace turnpike::cli {

enum class Command : std::uint8_t { run, check, explain, proxy, reference, version, completion, upgrade };

// What the user asked for. Members of other commands keep their defaults.
struct Arguments {
  Command command = Command::run;
  control::Options options;         // run, proxy
  bool json = false;                // check, explain, version: -o json
  bool strict = false;              // check
  std::vector<std::string> paths;   // check, explain
  std::string method;               // explain
  std::string url;                  // explain: "https://shop.example/x" or "/x"
  std::vector<HeaderLine> headers;  // explain
  HostPort listen;                  // proxy
  std::vector<std::string> to;      // proxy: "host:port", "http://…" or "https://…"
  std::string shell;                // completion
  std::string log_level = "info";   // run, proxy
  bool log_json = false;            // run, proxy
  Duration patience{};              // upgrade: how long to wait for the outcome
};

// Why there is nothing to do: help was asked for (code 0, text for stdout), or the usage is wrong (code 2,
// for stderr).
struct Ended {
  control::Exit code = control::Exit::usage;
  std::string text;
};
std::expected<Arguments, Ended> parse_arguments(int argc, const char* const* argv);

// The script that completes commands and options in a shell: "bash", "zsh" or "fish".
std::string completion_script(const std::string& shell);

}  // namespace turnpike::cli
