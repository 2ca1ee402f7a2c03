// The explicit list of policies: which there are, and the order in which they act. Nothing registers itself.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "policy/policy.h"
#include "resource/gateway_api.h"

namespace turnpike::policy {

// On requests from front to back, on responses from back to front, whatever the order in the configuration:
// preflights are answered before anything else happens, a redirect needs no headers, the rewrite comes last
// so that all others see the path that was matched, and CORS has the last word on its fields.
inline constexpr std::array<std::string_view, 5> kOrder = {
    "CORS", "RequestRedirect", "RequestHeaderModifier", "URLRewrite", "ResponseHeaderModifier",
};

// The place in kOrder of a policy by its name(); kOrder.size() for one that is not in the list.
constexpr std::size_t place_of(std::string_view name) noexcept {
  std::size_t place = 0;
  while (place < kOrder.size() && kOrder[place] != name) ++place;
  return place;
}

// The name of a filter as the user writes it: "CORS".
std::string_view name_of(resource::HttpFilterType type) noexcept;

// The policy that a filter asks for. Null for RequestMirror, which is no policy: the plan keeps it with the
// rule. The error says what is wrong with the filter: requests that it would have processed must then get an
// error.
std::expected<std::unique_ptr<const Policy>, std::string> make_policy(
    const resource::HttpRouteFilter& filter);

}  // namespace turnpike::policy
