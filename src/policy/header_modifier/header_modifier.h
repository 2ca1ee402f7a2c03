// RequestHeaderModifier and ResponseHeaderModifier (HTTPHeaderFilter, Gateway API v1.6).
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace turnpike::policy {

struct HeaderModifierConfig {
  enum class Side : std::uint8_t { request, response };
  struct Header {
    std::string name{};   // compared without case
    std::string value{};  // visible ASCII, spaces and tabs
  };
  Side side = Side::request;
  std::vector<Header> set{};          // replaces all fields of the name by one
  std::vector<Header> add{};          // appends a field to those of the name
  std::vector<std::string> remove{};  // removes all fields of the name
};

// Acts in the order set, add, remove; a name stands in one of the lists only. Setting Host on a request
// changes the host that the upstream is asked for, as URLRewrite.hostname does.
class HeaderModifier final : public Policy {
 public:
  // The error says which header cannot be modified so, and why: a name that is no token, a value with control
  // bytes, a name that stands twice, a field that the proxy manages itself (Content-Length, Connection ...).
  static std::expected<std::unique_ptr<const Policy>, std::string> make(HeaderModifierConfig config);

  std::string_view name() const noexcept override;
  std::string describe() const override;
  bool wants_request() const noexcept override { return config_.side == HeaderModifierConfig::Side::request; }
  bool wants_response() const noexcept override {
    return config_.side == HeaderModifierConfig::Side::response;
  }
  Verdict on_request(Exchange& exchange) const override;
  void on_response(Exchange& exchange) const override;

 private:
  // One change, with the id of a known name, so that a request looks nothing up. Removals come last.
  struct Line {
    enum class Verb : std::uint8_t { set, add, remove };
    std::string_view name;  // of config_
    std::string_view value;
    http::FieldId id = http::FieldId::unknown;
    Verb verb = Verb::set;
  };
  explicit HeaderModifier(HeaderModifierConfig config);
  void modify(Arena& arena, http::Fields& fields) const;

  HeaderModifierConfig config_;
  std::vector<Line> lines_;
  std::string_view host_;  // set: Host
};

}  // namespace turnpike::policy
