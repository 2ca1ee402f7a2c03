// RequestRedirect (HTTPRequestRedirectFilter, Gateway API v1.6).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "policy/path_modifier.h"
#include "policy/policy.h"

namespace turnpike::policy {

struct RedirectConfig {
  std::string scheme{};    // "http" or "https"; empty: that of the request
  std::string hostname{};  // empty: that of the request
  PathModifierConfig path{};
  std::uint16_t port = 0;      // 0: 80 or 443 where `scheme` is set, else the listener's
  std::uint16_t status = 302;  // 301, 302, 303, 307 or 308
};

// Answers with an absolute Location; the query stays. The port is left out where it is the scheme's own.
class Redirect final : public Policy {
 public:
  // The error says which value cannot be used, and why.
  static std::expected<std::unique_ptr<const Policy>, std::string> make(RedirectConfig config);

  std::string_view name() const noexcept override { return "RequestRedirect"; }
  std::string describe() const override;
  bool wants_request() const noexcept override { return true; }
  Verdict on_request(Exchange& exchange) const override;

 private:
  Redirect(RedirectConfig config, PathModifier path) : config_(std::move(config)), path_(std::move(path)) {}
  // 0: not written.
  std::uint16_t port_of(const Exchange& exchange, std::string_view scheme) const noexcept;
  std::string_view location(Exchange& exchange) const;

  RedirectConfig config_;
  PathModifier path_;
};

}  // namespace turnpike::policy
