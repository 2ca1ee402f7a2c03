// HTTPPathModifier of Gateway API v1.6: how URLRewrite and RequestRedirect make a new path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace turnpike::policy {

struct PathModifierConfig {
  enum class Kind : std::uint8_t { keep, full, prefix };
  Kind kind = Kind::keep;
  std::string value;  // replaceFullPath or replacePrefixMatch
};

// Immutable. Its result is in the normal form of the path it was given (http/path.h): what upstreams see is
// what the matcher saw, apart from what the user replaced.
class PathModifier {
 public:
  PathModifier() = default;
  // Checks the value and brings it into normal form: bytes that a path cannot hold are percent-encoded (a
  // space becomes %20). Refused are texts that a reader could take for something else than one path: a query
  // or fragment, backslashes, dot segments, empty segments, encoded slashes, control bytes, malformed
  // escapes.
  static std::expected<PathModifier, std::string> make(const PathModifierConfig& config);

  bool keeps() const noexcept { return kind_ == PathModifierConfig::Kind::keep; }
  // `matched` is how many bytes of the path the matched PathPrefix covers, with or without a slash at its
  // end. Never empty, always begins with exactly one slash; "*" (OPTIONS) stays as it is. In the arena, or a
  // view of `path` or of this.
  std::string_view apply(std::string_view path, std::size_t matched, Arena& arena) const;
  // "replace path by /x" or "replace prefix by /x"; empty if it keeps the path.
  std::string describe() const;

 private:
  PathModifierConfig::Kind kind_ = PathModifierConfig::Kind::keep;
  std::string value_;  // of a prefix: without a slash at its end
};

}  // namespace turnpike::policy
