// `turnpike explain`.
#include "plan/explain.h"

#include <cstdio>
#include <string>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/diagnostics.h"
#include "cli/terminal.h"
#include "control/loading.h"

namespace turnpike::cli {

using control::Exit;

Exit explain(const Arguments& arguments) {
  const resource::Loaded loaded = resource::Loader(control::load_options()).load(arguments.paths);
  if (!loaded.ok()) {
    Sources sources;
    std::fputs(render(loaded.diagnostics, sources, Terminal::of(stderr)).c_str(), stderr);
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
