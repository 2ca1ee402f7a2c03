// The commands and their options, once: for parsing, for --help and for shell completion. Private to this
// folder.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace turnpike::cli {

// Texts as they stand on the command line, before they are understood.
struct Raw {
  std::vector<std::string> config;
  std::vector<std::string> positional;
  std::vector<std::string> headers;
  std::string output = "text";
  std::string drain_delay;
  std::string drain_timeout;
  std::string upgrade_timeout;
  std::string patience;
  std::string memory_limit;
  std::string listen;
  std::string bind;
};

// Binds options to members of `arguments` and `raw`, which must outlive the App.
std::unique_ptr<CLI::App> make_app(Arguments& arguments, Raw& raw);

inline constexpr const char* kShells[] = {"bash", "zsh", "fish"};

}  // namespace turnpike::cli
