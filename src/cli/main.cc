#include <cstdio>
#include <exception>
#include <string>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "control/inheritance.h"

namespace {

using turnpike::cli::Arguments;
using turnpike::cli::Command;
using turnpike::control::Exit;

Exit dispatch(const Arguments& arguments) {
  switch (arguments.command) {
    case Command::run:
    case Command::proxy:
      return turnpike::cli::run(arguments);
    case Command::check:
      return turnpike::cli::check(arguments);
    case Command::explain:
      return turnpike::cli::explain(arguments);
    case Command::reference:
      return turnpike::cli::reference();
    case Command::version:
      return turnpike::cli::version(arguments);
    case Command::upgrade:
      return turnpike::cli::upgrade(arguments);
    case Command::completion:
      return turnpike::cli::completion(arguments);
  }
  return Exit::internal;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    auto arguments = turnpike::cli::parse_arguments(argc, argv);
    if (!arguments) {
      turnpike::control::tell_predecessor(arguments.error().text);
      std::fputs(arguments.error().text.c_str(), arguments.error().code == Exit::ok ? stdout : stderr);
      return static_cast<int>(arguments.error().code);
    }
    arguments->options.command = turnpike::control::CommandLine::of_this_process(argc, argv);
    return static_cast<int>(dispatch(*arguments));
  } catch (const std::exception& error) {
    turnpike::control::tell_predecessor(error.what());
    std::fprintf(stderr, "turnpike: %s\nThis should not happen: please report it with what you did.\n",
                 error.what());
    return static_cast<int>(Exit::internal);
  }
}
