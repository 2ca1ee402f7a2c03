// campus ROLE --listen HOST:PORT [--gateway HOST:PORT] [--latency MSms] [--errors SHARE]: one of the sample
// services.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "faults.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/socket.h"
#include "roles.h"
#include "service.h"

namespace {

using turnpike::demo::Faults;
namespace io = turnpike::io;

constexpr const char* kUsage =
    "usage: campus shop|payments|ledger|users --listen HOST:PORT [--gateway HOST:PORT] [--latency 200ms] "
    "[--errors 0.3]\n";

struct Options {
  std::string role;
  io::Address listen;
  std::optional<io::Address> gateway;
  Faults faults;
};

// Nothing, and a word on stderr, when the usage is wrong.
std::optional<Options> parse(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  Options options;
  options.role = argv[1];
  bool listens = false;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag == "--listen" || flag == "--gateway") {
      const auto address = io::Address::parse(value);
      if (!address) return std::nullopt;
      if (flag == "--gateway") {
        options.gateway = address;
      } else {
        options.listen = *address;
        listens = true;
      }
    } else if (flag == "--latency" || flag == "--errors") {
      const std::string change = std::string(flag.substr(2)) + "=" + std::string(value);
      if (const auto problem = options.faults.change(change)) {
        std::fprintf(stderr, "campus: %s\n", problem->c_str());
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  if (argc % 2 != 0 || !listens) return std::nullopt;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = parse(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  io::Loop loop;
  const auto role = turnpike::demo::make_role(options->role, loop, options->gateway);
  if (role == nullptr) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto listener = io::listen_on(options->listen, false);
  if (!listener) {
    std::fprintf(stderr, "campus %s: %s\n", options->role.c_str(), listener.error().message.c_str());
    return 3;
  }
  std::printf("%s listens on %s\n", options->role.c_str(), io::local_address(*listener).text().c_str());
  std::fflush(stdout);
  const turnpike::demo::Server server(loop, *listener, options->role, *role, options->faults);
  loop.run();
}
