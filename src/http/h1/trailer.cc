#include "http/h1/trailer.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace turnpike::http::h1 {
namespace {

// Sorted; lower-case.
constexpr std::array<std::string_view, 55> kForbidden = {
    "accept-encoding",
    "age",
    "allow",
    "authentication-info",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "front-end-https",
    "grpc-timeout",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "server",
    "set-cookie",
    "surrogate-control",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-real-ip",
    "x-request-id",
};
static_assert(std::is_sorted(kForbidden.begin(), kForbidden.end()));

constexpr std::array<std::string_view, 5> kForbiddenPrefixes = {
    "access-control-", "sec-", "x-forwarded-", "x-original-", "x-rewrite-",
};

}  // namespace

bool may_be_trailer(const Field& field) noexcept {
  std::array<char, 32> name;  // as long as the longest of them
  const std::size_t size = std::min(field.name.size(), name.size());
  for (std::size_t i = 0; i < size; ++i) name[i] = field.name[i] == '_' ? '-' : to_lower(field.name[i]);
  const std::string_view text(name.data(), size);
  for (const std::string_view prefix : kForbiddenPrefixes) {
    if (text.starts_with(prefix)) return false;
  }
  return field.name.size() > name.size() || !std::binary_search(kForbidden.begin(), kForbidden.end(), text);
}

}  // namespace turnpike::http::h1
