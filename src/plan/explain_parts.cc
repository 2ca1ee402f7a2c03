#include "plan/explain_parts.h"

#include <algorithm>

#include "http/grpc/status.h"
#include "io/address.h"
#include "plan/backend_source.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

std::string_view name_of(upstream::Balancing balancing) {
  switch (balancing) {
    case upstream::Balancing::round_robin:
      return "round robin";
    case upstream::Balancing::least_request:
      return "least request";
    case upstream::Balancing::consistent_hash:
      return "consistent hash";
    case upstream::Balancing::random:
      break;
  }
  return "random";
}

std::string protocol_of(const upstream::ClusterConfig& cluster) {
  std::string out = upstream::wants_http2(cluster.protocol)       ? "HTTP/2"
                    : cluster.protocol == upstream::Protocol::tcp ? "TCP"
                    : cluster.protocol == upstream::Protocol::udp ? "UDP"
                                                                  : "HTTP/1.1";
  const bool tls = cluster.tls != nullptr || !cluster.tls_identity.empty();
  if (cluster.protocol == upstream::Protocol::h2 && tls) out += " or HTTP/1.1";
  if (cluster.protocol == upstream::Protocol::websocket) out += " (WebSocket)";
  if (cluster.tls != nullptr || !cluster.tls_identity.empty()) out += " over TLS";
  return out;
}

Explanation::Endpoint describe_endpoint(const upstream::EndpointConfig& endpoint) {
  Explanation::Endpoint out;
  const auto address = io::Address::from_ip(endpoint.address, endpoint.port);
  out.address = address ? address->text() : say("{}:{}", endpoint.address, endpoint.port);
  out.state = !endpoint.ready        ? "not ready"
              : endpoint.weight == 0 ? "weight 0"
              : address              ? "ready"
                                     : "a name: resolved while running";
  return out;
}

void add_policies(const std::vector<const policy::Policy*>& policies, std::vector<Explanation::Policy>& out) {
  for (const policy::Policy* policy : policies)
    out.push_back({std::string(policy->name()), policy->describe()});
}

Explanation::Backend describe_backend(const Plan& plan, std::uint32_t index) {
  Explanation::Backend out;
  if (index == BackendChoice::kInvalid) {
    out.state = "its requests get 500: the reference cannot be used (see `turnpike check`)";
    return out;
  }
  const upstream::ClusterConfig& cluster = *plan.clusters[index];
  out.name = cluster.name;
  out.origin = cluster.origin;
  out.protocol = protocol_of(cluster);
  out.balancing = name_of(cluster.balancing);
  std::size_t ready = 0;
  for (const upstream::EndpointConfig& endpoint : cluster.endpoints) {
    out.endpoints.push_back(describe_endpoint(endpoint));
    ready += endpoint.ready && endpoint.weight > 0 ? 1 : 0;
  }
  if (!cluster.dns.name.empty()) {
    out.state = say("{} records of {}, resolved while running", cluster.dns.srv ? "SRV" : "A and AAAA",
                    cluster.dns.name);
  } else if (cluster.endpoints.empty()) {
    out.state = "no endpoint: its requests get 503";
  } else if (ready == 0) {
    out.state = "no endpoint is ready: its requests get 503";
  } else {
    out.state = say("{} of {} endpoint{} ready", ready, cluster.endpoints.size(),
                    cluster.endpoints.size() == 1 ? "" : "s");
  }
  return out;
}

std::string describe_retries(const RetryPolicy& retry) {
  if (retry.attempts == 0) return "none";
  std::string when;
  const auto add = [&](std::string_view condition) {
    if (!when.empty()) when += ", ";
    when += condition;
  };
  if (retry.on_connect_failure) add("connect failure");
  if (retry.on_reset) add("reset before a response");
  if (retry.on_timeout) add("timeout of an attempt");
  if (retry.statuses.size() > 8) {
    add(say("status {} to {}", retry.statuses.front(), retry.statuses.back()));
  } else {
    for (const std::uint16_t status : retry.statuses) add(say("status {}", status));
  }
  for (unsigned status = 0; status < http::grpc::kStatusCount; ++status) {
    if ((retry.grpc_statuses >> status & 1) != 0)
      add(say("{} without a message", http::grpc::name_of(static_cast<http::grpc::Status>(status))));
  }
  std::string out =
      say("up to {} after {}; {}; backoff {} to {}", retry.attempts, when.empty() ? "nothing" : when,
          retry.any_method ? "any method" : "idempotent methods only, unless the request never left",
          duration_text(retry.backoff), duration_text(retry.longest_backoff));
  if (retry.per_try_timeout > Duration{0})
    out += say("; {} for each attempt", duration_text(retry.per_try_timeout));
  return out;
}

std::string condition_text(std::string_view what, const route::ValueMatch& value) {
  const bool regex = value.kind == route::ValueMatch::Kind::regex;
  return say(", {} {} {} {}", what, value.name, regex ? "~" : "=", value.value);
}

}  // namespace

std::string duration_text(Duration duration) {
  using std::chrono::duration_cast;
  if (duration <= Duration{0}) return "none";
  const auto ms = duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms == 0) return say("{}us", duration_cast<std::chrono::microseconds>(duration).count());
  if (ms % 1000 != 0)
    return ms > 1000 ? say("{}.{}s", ms / 1000, std::to_string(1000 + ms % 1000).substr(1)) : say("{}ms", ms);
  const auto s = ms / 1000;
  if (s % 3600 == 0) return say("{}h", s / 3600);
  return s % 60 == 0 ? say("{}m", s / 60) : say("{}s", s);
}

std::string describe_match(const route::Match& match) {
  using Kind = route::PathMatch::Kind;
  const std::string_view kind = match.path.kind == Kind::exact    ? "Exact"
                                : match.path.kind == Kind::prefix ? "PathPrefix"
                                                                  : "RegularExpression";
  std::string out = say("{} {}", kind, match.path.value);
  if (match.grpc) out.insert(0, "gRPC, ");
  if (match.host.kind != route::HostPattern::Kind::any) out += say(", host {}", match.host.text());
  if (match.method) out += say(", method {}", http::name_of(*match.method));
  for (const route::ValueMatch& header : match.headers) out += condition_text("header", header);
  for (const route::ValueMatch& parameter : match.query) out += condition_text("query", parameter);
  return out;
}

std::string origin_of_match(const resource::Store& store, const route::Match& match, const Rule& rule) {
  const std::string_view name = match.precedence.route;
  const std::size_t slash = name.find('/');
  const auto* route =
      store.find<resource::HttpRoute>(match.grpc ? resource::Kind::grpc_route : resource::Kind::http_route,
                                      name.substr(0, slash), name.substr(slash + 1));
  if (route == nullptr || match.precedence.rule >= (*route)->rules.size()) return rule.origin;
  const auto& matches = (*route)->rules[match.precedence.rule].matches;
  if (match.precedence.match >= matches.size() || !matches[match.precedence.match].mark.written())
    return rule.origin;
  return file_and_line(route->at(matches[match.precedence.match].mark));
}

void describe_l4_rule(const Plan& plan, const Rule& rule, bool datagrams, Explanation& out) {
  for (const BackendChoice& choice : rule.backends) {
    Explanation::Backend& backend = out.backends.emplace_back(describe_backend(plan, choice.cluster));
    if (choice.cluster == BackendChoice::kInvalid)
      backend.state = "its connections are refused: the reference cannot be used (see `turnpike check`)";
    if (rule.total_weight > 0)
      backend.share = 100.0 * static_cast<double>(choice.weight) / static_cast<double>(rule.total_weight);
  }
  out.timeouts.push_back("idle " + duration_text(rule.timeouts.stream_idle));
  if (datagrams) return;
  out.timeouts.push_back("lifetime " + duration_text(rule.timeouts.request));
  if (rule.retry.attempts > 0 && rule.retry.on_connect_failure)
    out.retries = say("up to {} other endpoints after a connect failure", rule.retry.attempts);
}

void describe_rule(const Plan& plan, const Rule& rule, Explanation& out) {
  add_policies(rule.on_request, out.on_request);
  add_policies(rule.on_response, out.on_response);
  for (const BackendChoice& choice : rule.backends) {
    Explanation::Backend& backend = out.backends.emplace_back(describe_backend(plan, choice.cluster));
    if (rule.total_weight > 0)
      backend.share = 100.0 * static_cast<double>(choice.weight) / static_cast<double>(rule.total_weight);
    add_policies(choice.on_request, backend.policies);
    for (const policy::Policy* policy : choice.on_response) {
      if (!policy->wants_request())
        backend.policies.push_back({std::string(policy->name()), policy->describe()});
    }
  }
  for (const Mirror& mirror : rule.mirrors) {
    Explanation::Backend& backend = out.mirrors.emplace_back(describe_backend(plan, mirror.cluster));
    backend.share = 100.0 * mirror.numerator / mirror.denominator;
  }
  const Timeouts& timeouts = rule.timeouts;
  out.timeouts.push_back("request " + duration_text(timeouts.request));
  if (timeouts.response_head > Duration{0})
    out.timeouts.push_back("response head " + duration_text(timeouts.response_head));
  out.timeouts.push_back("attempt " + duration_text(timeouts.backend_request));
  out.timeouts.push_back("idle " + duration_text(timeouts.stream_idle));
  const Timeouts built_in;
  if (timeouts.tunnel_idle != timeouts.stream_idle)
    out.timeouts.push_back("tunnel idle " + duration_text(timeouts.tunnel_idle));
  if (timeouts.tunnel_lifetime != built_in.tunnel_lifetime)
    out.timeouts.push_back("tunnel lifetime " + duration_text(timeouts.tunnel_lifetime));
  if (timeouts.tunnel_ping > Duration{0})
    out.timeouts.push_back("tunnel ping " + duration_text(timeouts.tunnel_ping));
  out.retries = describe_retries(rule.retry);
  if (rule.session) {
    out.session = say("{} {}", rule.session->cookie ? "cookie" : "header", rule.session->name);
    if (rule.session->absolute_timeout)
      out.session += ", for " + duration_text(*rule.session->absolute_timeout);
  }
}

}  // namespace turnpike::plan
