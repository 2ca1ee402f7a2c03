// What is wrong with a configuration, where, and how to put it right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "resource/meta.h"

namespace turnpike::resource {

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  Position position;
  std::string message;   // one sentence without a full stop
  std::string hint;      // "did you mean 'backendRefs'?" or how to put it right; may be empty
  std::string resource;  // "HTTPRoute default/payments"; empty if unknown

  // file:line:column: error: message; hint (resource). One printable line, whatever the user wrote.
  std::string text() const;
};

bool has_errors(std::span<const Diagnostic> diagnostics) noexcept;

// Keeps the first `most`, errors before warnings, and says how many were left out.
void cut(std::vector<Diagnostic>& diagnostics, std::size_t most);
inline constexpr std::size_t kMostDiagnostics = 1'000;

}  // namespace turnpike::resource
