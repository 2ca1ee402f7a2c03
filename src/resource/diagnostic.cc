#include "resource/diagnostic.h"

#include <algorithm>

#include "base/utf8.h"

namespace turnpike::resource {

std::string Diagnostic::text() const {
  std::string out = position.text() + (severity == Severity::error ? ": error: " : ": warning: ") + message;
  if (!hint.empty()) out += "; " + hint;
  if (!resource.empty()) out += " (" + resource + ")";
  return printable(out);
}

bool has_errors(std::span<const Diagnostic> diagnostics) noexcept {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::error; });
}

}  // namespace turnpike::resource
