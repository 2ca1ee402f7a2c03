// CORS (HTTPCORSFilter, Gateway API v1.6; https://fetch.spec.whatwg.org/#http-cors-protocol).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "policy/cors/origin.h"
#include "policy/policy.h"

namespace turnpike::policy {

struct CorsConfig {
  std::vector<std::string>
      allow_origins{};  // "*" alone: all; else "https://*.example.com", "https://example.com:8443"
  bool allow_credentials = false;
  std::vector<std::string> allow_methods{};   // "*" alone: all. GET, HEAD and POST are always allowed
  std::vector<std::string> allow_headers{};   // "*" alone: all
  std::vector<std::string> expose_headers{};  // "*" alone: all, but not together with credentials
  std::int32_t max_age = 5;  // seconds for which a browser may keep the answer to a preflight
};

// Answers preflights itself (200) and owns the CORS fields of responses: those of the upstream are replaced.
// The allowed origin is echoed, never "*", so that credentials work and caches keep answers apart (Vary:
// Origin).
class Cors final : public Policy {
 public:
  // The error says which origin, method or header cannot be meant so.
  static std::expected<std::unique_ptr<const Policy>, std::string> make(CorsConfig config);

  std::string_view name() const noexcept override { return "CORS"; }
  std::string describe() const override;
  bool wants_request() const noexcept override { return true; }
  bool wants_response() const noexcept override { return true; }
  Verdict on_request(Exchange& exchange) const override;
  void on_response(Exchange& exchange) const override;

 private:
  explicit Cors(CorsConfig config) : config_(std::move(config)) {}
  bool allows(std::string_view origin) const noexcept;
  void add_common_fields(Exchange& exchange, http::Fields& fields) const;
  void answer_preflight(Exchange& exchange) const;

  CorsConfig config_;
  std::vector<OriginPattern> origins_;
  bool any_origin_ = false;
  bool any_method_ = false;
  bool any_header_ = false;
  std::string methods_;  // joined; empty: the field is left out
  std::string headers_;
  std::string expose_;
  std::string max_age_;
};

}  // namespace turnpike::policy
