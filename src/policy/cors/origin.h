// Origins of CORS (RFC 6454 §7) and the patterns that Gateway API writes for them (CORSOrigin, v1.6).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace turnpike::policy {

// "<scheme>://<host>[:port]" taken apart; views of the text. The port is the scheme's own where none is
// written.
struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::uint16_t port = 0;
  // Nothing for "null", for schemes other than http and https and for anything that is no origin.
  static std::optional<Origin> parse(std::string_view text) noexcept;
};

// "https://example.com", "https://*.example.com:8443", "https://*". The wildcard stands for one or more
// labels.
class OriginPattern {
 public:
  static std::expected<OriginPattern, std::string> parse(std::string_view text);
  bool matches(const Origin& origin) const noexcept;

 private:
  std::string scheme_;
  std::string host_;  // lower case; with a wildcard: ".example.com", or "" for any
  bool wildcard_ = false;
  std::uint16_t port_ = 0;
};

}  // namespace turnpike::policy
