// `turnpike explain`.
#include "plan/explain.h"

#include <cstdio>
#include <span>
#include <string>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/diagnostics.h"
#include "cli/terminal.h"
#include "control/loading.h"
#include "resource/status.h"

namespace turnpike::cli {

using control::Exit;

namespace {

// What keeps a configuration from being explained: for programs as one object on standard output.
void show_problems(std::span<const resource::Diagnostic> diagnostics, bool for_programs) {
  if (!for_programs) {
    Sources sources;
    std::fputs(render(diagnostics, sources, Terminal::of(stderr)).c_str(), stderr);
    return;
  }
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object().key("problem").value("the configuration has errors").key("diagnostics").begin_array();
  for (const resource::Diagnostic& diagnostic : diagnostics) write_json(json, diagnostic);
  json.end_array().end_object();
  std::puts(text.c_str());
}

}  // namespace

Exit explain(const Arguments& arguments) {
  const resource::Loaded loaded = resource::Loader(control::load_options()).load(arguments.paths);
  if (!loaded.ok()) {
    show_problems(loaded.diagnostics, arguments.json);
    return Exit::bad_configuration;
  }
  plan::ExplainRequest request{.method = arguments.method, .url = arguments.url, .headers = {}};
  for (const HeaderLine& header : arguments.headers) request.headers.emplace_back(header.name, header.value);
  const plan::Explanation explanation = plan::explain(loaded.store, request);
  std::string text;
  if (arguments.json) {
    JsonWriter json(text, 2);
    write_json(json, explanation);
    text += '\n';
  } else {
    text = to_text(explanation, Terminal::of(stdout).colour());
  }
  std::fputs(text.c_str(), stdout);
  return explanation.problem.empty() ? Exit::ok : Exit::usage;
}

}  // namespace turnpike::cli
