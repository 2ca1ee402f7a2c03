// URLRewrite (HTTPURLRewriteFilter, Gateway API v1.6).
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "policy/path_modifier.h"
#include "policy/policy.h"

namespace turnpike::policy {

struct RewriteConfig {
  std::string hostname{};  // what the upstream is asked for as Host; empty: as received
  PathModifierConfig path{};
};

// Changes host and path of the request; the query stays.
class Rewrite final : public Policy {
 public:
  // The error says which value is no host name or no path, and why.
  static std::expected<std::unique_ptr<const Policy>, std::string> make(RewriteConfig config);

  std::string_view name() const noexcept override { return "URLRewrite"; }
  std::string describe() const override;
  bool wants_request() const noexcept override { return true; }
  Verdict on_request(Exchange& exchange) const override;

 private:
  Rewrite(std::string hostname, PathModifier path) : hostname_(std::move(hostname)), path_(std::move(path)) {}

  std::string hostname_;
  PathModifier path_;
};

}  // namespace turnpike::policy
