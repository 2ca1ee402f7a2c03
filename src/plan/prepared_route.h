// The part of a route that depends on nothing but its own resource: its filters made into policies, its
// expressions tried. Kept from one compilation to the next for routes that did not change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "resource/gateway_api.h"

namespace turnpike::plan {

struct PreparedRule {
  std::string problem;      // a filter of the rule cannot be made: its requests get 500
  std::string_view reason;  // "IncompatibleFilters" or empty
  std::vector<const policy::Policy*> on_request;
  std::vector<const policy::Policy*> on_response;
  std::vector<const resource::HttpRequestMirror*> mirrors;
  struct Backend {
    std::string problem;
    std::vector<const policy::Policy*> on_request;
    std::vector<const policy::Policy*> on_response;
  };
  std::vector<Backend> backends;  // empty if no backendRef has filters
  // Exact paths and prefixes in the normal form that requests have, where that is not how they are written.
  std::vector<std::pair<std::size_t, std::string>> normal_paths;
  // Matches whose regular expressions cannot be used: (index, sentence).
  std::vector<std::pair<std::size_t, std::string>> bad_matches;

  const std::string* normal_path(std::size_t match) const noexcept {
    for (const auto& [index, path] : normal_paths) {
      if (index == match) return &path;
    }
    return nullptr;
  }
  bool bad(std::size_t match) const noexcept {
    for (const auto& [index, sentence] : bad_matches) {
      if (index == match) return true;
    }
    return false;
  }
};

// Immutable; refers to the route, which must outlive it.
struct PreparedRoute {
  explicit PreparedRoute(const resource::HttpRoute& route);  // or a GRPCRoute

  std::vector<PreparedRule> rules;
  std::vector<std::unique_ptr<const policy::Policy>> policies;
  // Whether a plan must keep this alive.
  bool lends() const noexcept;
};

// By identity of the resource. Not thread-safe: belongs to one Compiler.
class PreparedRoutes {
 public:
  // To be asked in the order of the store.
  std::shared_ptr<const PreparedRoute> get(const std::shared_ptr<const resource::HttpRoute>& route);
  // Forgets what was not asked for since the last call.
  void end_of_compilation();

 private:
  struct Kept {
    std::shared_ptr<const resource::HttpRoute> route;  // keeps its address from being used again
    std::shared_ptr<const PreparedRoute> prepared;
  };
  std::vector<Kept> before_;  // of the last compilation, in the order of its store
  std::vector<Kept> now_;
  std::size_t next_ = 0;  // in before_
};

}  // namespace turnpike::plan
