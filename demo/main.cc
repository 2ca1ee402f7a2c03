// campus ROLE --listen HOST:PORT [--gateway HOST:PORT] [--latency MSms] [--errors SHARE]: one of the sample
// services. campus convert, campus feed: what a visitor asks them through the gateway.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "faults.h"
#include "grpc_server.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/socket.h"
#include "rates.h"
#include "roles.h"
#include "service.h"
#include "visitor.h"

namespace {

using turnpike::demo::Faults;
namespace io = turnpike::io;

constexpr const char* kUsage =
    "usage: campus shop|payments|ledger|users|rates --listen HOST:PORT [--gateway HOST:PORT] [--latency "
    "200ms] "
    "[--errors 0.3]\n"
    "       campus convert CENTS FROM TO GATEWAY    one gRPC call: campus convert 1250 EUR USD "
    "127.0.0.1:8080\n"
    "       campus feed GATEWAY                     the payments' WebSocket: campus feed 127.0.0.1:8080\n";

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

int usage() {
  std::fputs(kUsage, stderr);
  return 2;
}

// Nothing when the words are no visitor's.
std::optional<int> visit(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what != "convert" && what != "feed") return std::nullopt;
  if (argc != (what == "convert" ? 6 : 3)) return usage();
  const auto gateway = io::Address::parse(argv[argc - 1]);
  if (!gateway) return usage();
  if (what == "feed") return turnpike::demo::watch_feed(*gateway);
  const auto cents = turnpike::parse_decimal<std::uint64_t>(argv[2]);
  return cents ? turnpike::demo::convert(*gateway, *cents, argv[3], argv[4]) : usage();
}

int serve(Options& options) {
  io::Loop loop;
  const bool rates = options.role == "rates";
  const auto role = turnpike::demo::make_role(options.role, loop, options.gateway);
  if (role == nullptr && !rates) return usage();
  const auto listener = io::listen_on(options.listen, false);
  if (!listener) {
    std::fprintf(stderr, "campus %s: %s\n", options.role.c_str(), listener.error().message.c_str());
    return 3;
  }
  std::printf("%s listens on %s\n", options.role.c_str(), io::local_address(*listener).text().c_str());
  std::fflush(stdout);
  if (rates) {
    const auto grpc = turnpike::demo::make_rates();
    const turnpike::demo::GrpcServer server(loop, *listener, *grpc, options.faults);
    loop.run();
  } else {
    const turnpike::demo::Server server(loop, *listener, options.role, *role, options.faults);
    loop.run();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (const auto code = visit(argc, argv)) return *code;
  auto options = parse(argc, argv);
  return options ? serve(*options) : usage();
}
