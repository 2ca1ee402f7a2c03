#include "plan/compile.h"

#include <algorithm>

#include "plan/assembly.h"

namespace turnpike::plan {

Compiled Compiler::compile(const std::shared_ptr<const resource::Store>& store, const CompileOptions& options,
                           std::vector<ListenerSource>* sources) {
  Compiled out;
  Assembly assembly(*store, options, memory_, out.diagnostics);
  assembly.compile_routes();
  assembly.open_ports(sources);
  assembly.finish();
  if (options.statuses) out.statuses = assembly.statuses();
  out.telemetry = assembly.telemetry();
  out.plan = assembly.take_plan();
  memory_.credentials.end_of_compilation();
  memory_.routes.end_of_compilation();
  memory_.backends.end_of_compilation();
  std::ranges::sort(out.diagnostics, {}, [](const resource::Diagnostic& d) {
    return std::tuple(d.position.file ? std::string_view(*d.position.file) : "", d.position.line,
                      d.position.column);
  });
  cut(out.diagnostics, resource::kMostDiagnostics);
  return out;
}

Compiled compile(const std::shared_ptr<const resource::Store>& store, const CompileOptions& options) {
  return Compiler().compile(store, options);
}

}  // namespace turnpike::plan
