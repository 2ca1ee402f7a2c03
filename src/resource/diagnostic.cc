#include "resource/diagnostic.h"

#include <algorithm>

#include "base/utf8.h"
#include "resource/say.h"
#include "resource/stable_sort.h"

namespace turnpike::resource {

std::string Diagnostic::text() const {
  std::string out = position.text() + (severity == Severity::error ? ": error: " : ": warning: ") + message;
  if (!hint.empty()) out += "; " + hint;
  if (!resource.empty()) out += " (" + resource + ")";
  return printable(out);
}

void cut(std::vector<Diagnostic>& diagnostics, std::size_t most) {
  if (diagnostics.size() <= most) return;
  // If only warnings were among the first, an error must not be lost.
  stable_sort(diagnostics, [](const Diagnostic& a, const Diagnostic& b) { return a.severity < b.severity; });
  const std::size_t left_out = diagnostics.size() - most;
  diagnostics.resize(most);
  diagnostics.push_back({diagnostics.back().severity,
                         diagnostics.back().position,
                         say("{} further problems are not shown", left_out),
                         {},
                         {}});
}

bool has_errors(std::span<const Diagnostic> diagnostics) noexcept {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
}

}  // namespace turnpike::resource
