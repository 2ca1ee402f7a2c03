// What the tests of the plan share: compile a text, ask for conditions, send a request through the tables.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/compile.h"
#include "resource/loader.h"

namespace turnpike::plan {

struct TestPlan {
  // Loads and compiles; the load must be without errors unless `load_errors` is expected.
  explicit TestPlan(std::string_view yaml, const CompileOptions& options = {});
  // The same compiler goes on with another text.
  void recompile(std::string_view yaml, const CompileOptions& options = {});

  // "True Accepted", "False NoMatchingParent", or "" if there is no such condition. `resource` is "Gateway
  // infra/gw".
  std::string condition(std::string_view resource, std::string_view type) const;
  std::string listener(std::string_view resource, std::string_view listener, std::string_view type) const;
  std::string parent(std::string_view resource, std::string_view type, std::size_t parent = 0) const;
  std::string ancestor(std::string_view resource, std::string_view type, std::size_t ancestor = 0) const;
  // The message of the same.
  std::string parent_message(std::string_view resource, std::string_view type, std::size_t parent = 0) const;
  const resource::ResourceStatus& status(std::string_view resource) const;
  const resource::ListenerStatus& listener_status(std::string_view resource, std::string_view listener) const;
  // All diagnostics, one in a line: "config.yaml:3:1: warning: …".
  std::string diagnostics() const;

  // Which rule a request reaches: "ns/route rule -> ns/backend:port*weight …", "404 no listener", "404 no
  // route", "500", "no port".
  std::string send(std::uint16_t port, std::string_view host, std::string_view path,
                   const std::vector<std::pair<std::string_view, std::string_view>>& headers = {},
                   std::string_view method = "GET") const;
  const Rule* rule(std::uint16_t port, std::string_view host, std::string_view path) const;
  const upstream::ClusterConfig* cluster(std::string_view name) const;

  Compiler compiler;
  resource::Loader loader;  // keeps the objects of documents that did not change
  resource::Loaded loaded;
  Compiled compiled;
};

// A GatewayClass-free Gateway `infra/gw` with one HTTP listener on 8080 for routes of all namespaces.
extern const char* const kGateway;
// Service infra/web with port 80 and one endpoint.
extern const char* const kService;

}  // namespace turnpike::plan
