#include <gtest/gtest.h>

#include "plan/testing.h"

namespace turnpike::plan {
namespace {

std::string text_of(const std::vector<resource::Condition>& conditions, std::string_view type) {
  for (const resource::Condition& condition : conditions) {
    if (condition.type != type) continue;
    using enum resource::ConditionStatus;
    const char* status = condition.status == true_    ? "True "
                         : condition.status == false_ ? "False "
                                                      : "Unknown ";
    return status + condition.reason;
  }
  return "";
}

}  // namespace

const char* const kGateway = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
)";

const char* const kService = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: infra}
spec:
  ports: [{name: http, port: 80, targetPort: 9000}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: infra, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 9000}]
endpoints: [{addresses: [10.0.0.1]}]
---
)";

TestPlan::TestPlan(std::string_view yaml, const CompileOptions& options) { recompile(yaml, options); }

void TestPlan::recompile(std::string_view yaml, const CompileOptions& options) {
  const resource::NamedText text{"config.yaml", yaml};
  loaded = loader.load(std::span(&text, 1));
  std::string problems;
  for (const auto& diagnostic : loaded.diagnostics) problems += diagnostic.text() + "\n";
  EXPECT_TRUE(loaded.ok()) << problems;
  compiled = compiler.compile(loaded.store, options);
}

const resource::ResourceStatus& TestPlan::status(std::string_view resource) const {
  static const resource::ResourceStatus none;
  for (const auto& candidate : compiled.statuses) {
    const std::string namespace_ = candidate.namespace_.empty() ? "" : candidate.namespace_ + "/";
    if (resource == std::string(resource::name_of(candidate.kind)) + " " + namespace_ + candidate.name)
      return candidate;
  }
  ADD_FAILURE() << "no status of " << resource;
  return none;
}

const resource::ListenerStatus& TestPlan::listener_status(std::string_view resource,
                                                          std::string_view name) const {
  static const resource::ListenerStatus none;
  for (const auto& candidate : status(resource).listeners) {
    if (candidate.name == name) return candidate;
  }
  ADD_FAILURE() << resource << " has no listener " << name;
  return none;
}

std::string TestPlan::condition(std::string_view resource, std::string_view type) const {
  return text_of(status(resource).conditions, type);
}
std::string TestPlan::listener(std::string_view resource, std::string_view name,
                               std::string_view type) const {
  return text_of(listener_status(resource, name).conditions, type);
}
std::string TestPlan::parent(std::string_view resource, std::string_view type, std::size_t index) const {
  const auto& parents = status(resource).parents;
  return index < parents.size() ? text_of(parents[index].conditions, type) : "no such parent";
}
std::string TestPlan::parent_message(std::string_view resource, std::string_view type,
                                     std::size_t index) const {
  const auto& parents = status(resource).parents;
  if (index >= parents.size()) return "no such parent";
  for (const auto& condition : parents[index].conditions) {
    if (condition.type == type) return condition.message;
  }
  return "";
}
std::string TestPlan::ancestor(std::string_view resource, std::string_view type, std::size_t index) const {
  const auto& ancestors = status(resource).ancestors;
  return index < ancestors.size() ? text_of(ancestors[index].conditions, type) : "no such ancestor";
}

std::string TestPlan::diagnostics() const {
  std::string out;
  for (const auto& diagnostic : compiled.diagnostics) out += diagnostic.text() + "\n";
  return out;
}

namespace {

struct Found {
  const Rule* rule = nullptr;
  std::string problem;
};

Found find(const Plan& plan, std::uint16_t port, std::string_view host, std::string_view path,
           const std::vector<std::pair<std::string_view, std::string_view>>& headers,
           std::string_view method) {
  Arena arena;
  http::RequestHead head;
  head.method = http::method_from(method);
  head.method_text = method;
  const std::size_t mark = path.find('?');
  head.path = path.substr(0, mark);
  head.has_query = mark != std::string_view::npos;
  if (head.has_query) head.query = path.substr(mark + 1);
  for (const auto& [name, value] : headers) head.fields.add(arena, name, value);
  for (const auto& candidate : plan.ports) {
    if (candidate->port != port) continue;
    const std::uint32_t listener = candidate->hosts.find(host);
    if (listener == route::HostIndex::kNone) return {nullptr, "404 no listener"};
    route::Scratch scratch;
    const auto hit = candidate->listeners[listener].table.find(host, head, scratch);
    if (!hit) return {nullptr, "404 no route"};
    return {&plan.rules[hit->target], {}};
  }
  return {nullptr, "no port"};
}

}  // namespace

const Rule* TestPlan::rule(std::uint16_t port, std::string_view host, std::string_view path) const {
  return find(*compiled.plan, port, host, path, {}, "GET").rule;
}

std::string TestPlan::send(std::uint16_t port, std::string_view host, std::string_view path,
                           const std::vector<std::pair<std::string_view, std::string_view>>& headers,
                           std::string_view method) const {
  const Found found = find(*compiled.plan, port, host, path, headers, method);
  if (found.rule == nullptr) return found.problem;
  std::string out = found.rule->route + " " + found.rule->rule + " ->";
  for (const BackendChoice& choice : found.rule->backends) {
    out += choice.cluster == BackendChoice::kInvalid ? " 500"
                                                     : " " + compiled.plan->clusters[choice.cluster]->name;
    if (choice.weight != 1) out += "*" + std::to_string(choice.weight);
  }
  return found.rule->total_weight == 0 ? out + " 500" : out;
}

const upstream::ClusterConfig* TestPlan::cluster(std::string_view name) const {
  for (const auto& cluster : compiled.plan->clusters) {
    if (cluster->name == name) return cluster.get();
  }
  return nullptr;
}

}  // namespace turnpike::plan
