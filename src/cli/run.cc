// `turnpike run` and `turnpike proxy`.
#include <unistd.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/diagnostics.h"
#include "cli/proxy_text.h"
#include "cli/terminal.h"
#include "control/server.h"
#include "observe/log.h"

namespace turnpike::cli {
namespace {

using control::Exit;

constexpr std::uint16_t kAnyPort = 8080;  // what the listener calls itself where the kernel chooses

void log_each(observe::Log& log, std::span<const resource::Diagnostic> diagnostics) {
  for (const resource::Diagnostic& d : diagnostics) {
    const auto level =
        d.severity == resource::Severity::error ? observe::Level::error : observe::Level::warning;
    const std::string at = d.position.file ? d.position.text() : "";
    log.write(level, "configuration", "finding",
              {{"at", at}, {"text", d.message}, {"hint", d.hint}, {"resource", d.resource}});
  }
}

}  // namespace

Exit run(const Arguments& arguments) {
  control::Options options = arguments.options;
  if (arguments.command == Command::proxy) {
    HostPort listen = arguments.listen;
    if (listen.port == 0) {  // a free one: Gateways know no port 0
      options.ephemeral_ports = true;
      listen.port = kAnyPort;
    }
    if (!listen.host.empty()) options.bind = listen.host;
    auto text = proxy_text(listen.port, arguments.to);
    if (!text) {
      std::fprintf(stderr, "turnpike proxy: %s\nSee 'turnpike proxy --help'.\n", text.error().c_str());
      return Exit::usage;
    }
    options.text = std::move(*text);
    options.text_name = "turnpike proxy";
  }
  const auto level = observe::level_from(arguments.log_level).value_or(observe::Level::info);
  observe::Log log({.level = level, .json = arguments.log_json});
  const auto show = [&](std::span<const resource::Diagnostic> diagnostics) {
    if (arguments.log_json) return log_each(log, diagnostics);
    Sources sources;  // anew each time: files change
    if (!options.text.empty()) sources.add(options.text_name, options.text);
    const std::string text = render(diagnostics, sources, Terminal::of(stderr));
    std::fputs(text.c_str(), stderr);
  };
  control::Server server(options, log, show);
  return server.run();
}

}  // namespace turnpike::cli
