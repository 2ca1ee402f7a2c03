#include "route/expression.h"

#include "route/compiled.h"
#include "route/match.h"

namespace turnpike::route {

std::string expression_error(std::string_view expression, std::size_t regex_memory) {
  if (expression.size() > kMaxRegex) return "it is longer than " + std::to_string(kMaxRegex) + " bytes";
  const RE2 regex(re2::StringPiece(expression.data(), expression.size()), regex_options(regex_memory));
  return regex.ok() ? std::string() : regex.error();
}

}  // namespace turnpike::route
