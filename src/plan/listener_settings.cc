#include "plan/listener_settings.h"

#include <arpa/inet.h>

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

io::Cidr cidr_of(const resource::Cidr& from) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(from.ipv6 ? AF_INET6 : AF_INET, from.bytes.data(), text, sizeof text);
  return io::Cidr::parse(say("{}/{}", static_cast<const char*>(text), from.prefix)).value_or(io::Cidr{});
}

template <class T>
const T* first_with(const std::vector<const ListenerPolicyEntry*>& policies,
                    resource::Box<T> resource::ListenerPolicy::* section) {
  for (const auto* policy : policies) {
    if ((*policy->object).*section) return &*((*policy->object).*section);
  }
  return nullptr;
}
template <class T>
const T* first_with(const std::vector<const ListenerPolicyEntry*>& policies,
                    std::optional<T> resource::ListenerPolicy::* section) {
  for (const auto* policy : policies) {
    if ((*policy->object).*section) return &*((*policy->object).*section);
  }
  return nullptr;
}

void apply_path(const resource::PathSettings& from, http::PathRules& to) {
  using Ambiguous = http::PathRules::Ambiguous;
  to.decode_unreserved = from.decode_unreserved;
  to.merge_slashes = from.merge_slashes;
  switch (from.encoded_slash) {
    case resource::EncodedSlash::refuse:
      to.encoded_slash = Ambiguous::refuse;
      break;
    case resource::EncodedSlash::keep:
      to.encoded_slash = Ambiguous::keep;
      break;
    case resource::EncodedSlash::decode:
      to.encoded_slash = Ambiguous::decode;
      break;
  }
  switch (from.backslash) {
    case resource::Backslash::refuse:
      to.backslash = to.encoded_backslash = Ambiguous::refuse;
      break;
    case resource::Backslash::keep:
      to.backslash = to.encoded_backslash = Ambiguous::keep;
      break;
    case resource::Backslash::as_slash:
      to.backslash = to.encoded_backslash = Ambiguous::decode;
      break;
  }
}

void apply_limits(const resource::ListenerLimits& from, ClientSettings& to) {
  to.limits.request_line = from.request_line.bytes;
  to.limits.head = from.head.bytes;
  to.limits.field_count = from.field_count;
  to.limits.body = from.body.bytes;
  to.http2.header_list = static_cast<std::uint32_t>(from.head.bytes);
  to.http2.field_count = from.field_count;
  to.http2.concurrent_streams = from.concurrent_streams;
  to.requests_per_connection = from.requests_per_connection;
  to.most_connections = from.connections;
}

void apply_timeouts(const resource::ListenerTimeouts& from, ClientSettings& to) {
  to.head_timeout = from.head;
  to.body_idle_timeout = from.body;
  to.idle_timeout = from.keep_alive;
  to.write_timeout = from.write;
}

}  // namespace

std::vector<const ListenerPolicyEntry*> listener_policies(const PolicyIndex<resource::ListenerPolicy>& index,
                                                          const Topology& topology,
                                                          const ListenerNode& listener) {
  std::vector<const ListenerPolicyEntry*> out;
  if (index.empty()) return out;
  const auto add = [&](const ListenerPolicyEntry* policy) {
    if (policy != nullptr) out.push_back(policy);
  };
  const auto& gateway = (**topology.gateways[listener.gateway].entry).meta;
  if (listener.listener_set != kNone) {
    const auto& set = (**topology.listener_sets[listener.listener_set].entry).meta;
    add(index.find("ListenerSet", set.namespace_, set.name, *listener.spec->name));
    add(index.find("ListenerSet", set.namespace_, set.name));
  } else {
    add(index.find("Gateway", gateway.namespace_, gateway.name, *listener.spec->name));
  }
  // A policy of the Gateway holds for what ListenerSets add to it as well: they are served by it.
  add(index.find("Gateway", gateway.namespace_, gateway.name));
  return out;
}

PortSettings port_settings(const std::vector<const ListenerPolicyEntry*>& policies) {
  using P = resource::ListenerPolicy;
  PortSettings out;
  ClientSettings& client = out.client;
  if (const auto* proxies = first_with(policies, &P::trusted_proxies)) {
    for (const resource::Cidr& proxy : *proxies) client.trusted_proxies.push_back(cidr_of(proxy));
  }
  if (const auto* forwarded = first_with(policies, &P::forwarded_headers))
    client.forwarded_field =
        *forwarded == resource::ForwardedHeaders::both || *forwarded == resource::ForwardedHeaders::forwarded;
  if (const auto* path = first_with(policies, &P::path)) apply_path(*path, client.path);
  if (const auto* limits = first_with(policies, &P::limits)) apply_limits(*limits, client);
  if (const auto* timeouts = first_with(policies, &P::timeouts)) apply_timeouts(*timeouts, client);
  if (const auto* id = first_with(policies, &P::request_id)) client.trust_request_id = id->trust;
  if (const auto* underscores = first_with(policies, &P::underscore_headers))
    client.allow_underscores = *underscores == resource::UnderscoreHeaders::keep;
  if (const auto* prefixes = first_with(policies, &P::strip_header_prefixes)) {
    for (const std::string& prefix : *prefixes) client.internal_prefixes.push_back(prefix);
  }
  if (const auto* proxy = first_with(policies, &P::proxy_protocol)) {
    using Mode = resource::AcceptProxyProtocol::Mode;
    client.proxy_protocol.mode =
        proxy->mode == Mode::required ? ProxyProtocol::Mode::required : ProxyProtocol::Mode::optional;
    for (const resource::Cidr& source : proxy->trusted_sources)
      client.proxy_protocol.trusted.push_back(cidr_of(source));
  }
  if (const auto* tls = first_with(policies, &P::tls)) {
    const auto version = [](resource::TlsVersion v) {
      return v == resource::TlsVersion::tls12 ? tls::Version::tls12 : tls::Version::tls13;
    };
    out.min_version = version(tls->min_version);
    out.max_version = version(tls->max_version);
    out.alpn = tls->alpn;
  }
  return out;
}

std::uint32_t choose_port_policies(PolicyIndex<resource::ListenerPolicy>& index, const Topology& topology,
                                   const std::vector<std::uint32_t>& listeners,
                                   std::vector<resource::Diagnostic>& diagnostics) {
  if (index.empty() || listeners.empty()) return kNone;
  std::vector<std::vector<const ListenerPolicyEntry*>> policies;
  std::size_t best = SIZE_MAX;
  const auto key = [](const ListenerPolicyEntry* policy) { return precedence_of((*policy)->meta); };
  for (const std::uint32_t listener : listeners) {
    policies.push_back(listener_policies(index, topology, topology.listeners[listener]));
    const std::size_t here = policies.size() - 1;
    if (policies[here].empty()) continue;
    if (best == SIZE_MAX || key(policies[here].front()) < key(policies[best].front())) best = here;
  }
  if (best == SIZE_MAX) return kNone;
  const ListenerNode& winner = topology.listeners[listeners[best]];
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (policies[i] == policies[best]) continue;
    const ListenerNode& loser = topology.listeners[listeners[i]];
    const std::string message =
        say("the listeners '{}' and '{}' share the port {}, and these settings are settled before a "
            "connection says "
            "which one it means: those of '{}' hold for both",
            winner.name, loser.name, *loser.spec->port, (*policies[best].front())->meta.name);
    if (policies[i].empty()) {
      diagnostics.push_back({resource::Severity::warning, policies[best].front()->position(), message,
                             "attach the policy to the whole Gateway",
                             "ListenerPolicy " + (*policies[best].front())->meta.name});
      continue;
    }
    for (auto& outcome : index.outcomes()) {
      if (outcome.policy != policies[i].front()) continue;
      for (Finding& target : outcome.targets) target.fail("Conflicted", message);
    }
  }
  return listeners[best];
}

}  // namespace turnpike::plan
