// `turnpike check`.
#include <cstdio>
#include <span>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/diagnostics.h"
#include "cli/terminal.h"
#include "control/loading.h"
#include "plan/compile.h"
#include "resource/status.h"

namespace turnpike::cli {
namespace {

using control::Exit;

struct Findings {
  std::vector<resource::Diagnostic> diagnostics;
  std::vector<resource::ResourceStatus> statuses;

  bool ok() const noexcept { return !resource::has_errors(diagnostics); }
};

void make_errors(std::vector<resource::Diagnostic>& diagnostics) {
  for (resource::Diagnostic& d : diagnostics) d.severity = resource::Severity::error;
}

// Where reading found errors the rest is not compiled: what is missing would only cause more of them.
Findings look_at(const Arguments& arguments) {
  resource::Loaded loaded = resource::Loader(control::load_options()).load(arguments.paths);
  Findings out{std::move(loaded.diagnostics), {}};
  if (!out.ok()) return out;
  plan::Compiled compiled = plan::compile(loaded.store);
  out.statuses = std::move(compiled.statuses);
  if (compiled.plan->ports.empty())
    out.diagnostics.push_back(
        {resource::Severity::warning,
         {},
         "nothing would be served: there is no Gateway with a valid listener",
         "a Gateway of the class 'turnpike' says where to listen: see docs/configuration.md",
         {}});
  for (resource::Diagnostic& d : compiled.diagnostics) out.diagnostics.push_back(std::move(d));
  return out;
}

void print_json(const Findings& findings) {
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object().key("ok").value(findings.ok()).key("diagnostics").begin_array();
  for (const resource::Diagnostic& d : findings.diagnostics) write_json(json, d);
  json.end_array().key("resources").begin_array();
  for (const resource::ResourceStatus& status : findings.statuses) write_json(json, status);
  json.end_array().end_object();
  std::puts(text.c_str());
}

void print_text(const Findings& findings) {
  Sources sources;
  std::fputs(render(findings.diagnostics, sources, Terminal::of(stderr)).c_str(), stderr);
  if (!findings.ok()) return;
  if (!findings.diagnostics.empty()) std::fputc('\n', stderr);
  std::fflush(stderr);
  std::fputs(resource::to_text(findings.statuses).c_str(), stdout);
  const Terminal terminal = Terminal::of(stdout);
  const std::string verdict =
      findings.diagnostics.empty()
          ? terminal.green("The configuration is good.")
          : terminal.yellow("The configuration can be served, with " + summary(findings.diagnostics) +
                            " (see above; --strict makes them errors).");
  std::printf("%s\n", verdict.c_str());
}

}  // namespace

Exit check(const Arguments& arguments) {
  Findings findings = look_at(arguments);
  if (arguments.strict) make_errors(findings.diagnostics);
  if (arguments.json) {
    print_json(findings);
  } else {
    print_text(findings);
  }
  return findings.ok() ? Exit::ok : Exit::bad_configuration;
}

}  // namespace turnpike::cli
