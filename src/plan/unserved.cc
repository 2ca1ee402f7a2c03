#include "plan/unserved.h"

#include <algorithm>
#include <string>

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

std::string unserved(const resource::ListenerPolicy& policy) {
  if (policy.forwarded_headers && *policy.forwarded_headers != resource::ForwardedHeaders::both &&
      *policy.forwarded_headers != resource::ForwardedHeaders::x_forwarded)
    return "forwardedHeaders: X-Forwarded-For, -Proto and -Host are always written";
  if (policy.request_id && policy.request_id->header != "X-Request-Id")
    return "requestId.header: the name is always X-Request-Id";
  if (policy.underscore_headers && *policy.underscore_headers == resource::UnderscoreHeaders::refuse)
    return "underscoreHeaders: such fields are removed, the request is not refused";
  if (policy.timeouts && policy.timeouts->tls_handshake != policy.timeouts->head)
    return "timeouts.tlsHandshake: the handshake has the time of timeouts.head";
  return {};
}

std::string unserved(const resource::TrafficPolicy& policy) {
  const bool for_http = std::ranges::any_of(
      policy.target_refs,
      [](const resource::PolicyTargetReference& target) { return target.kind == "HTTPRoute"; });
  if (policy.proxy_protocol && *policy.proxy_protocol != resource::SendProxyProtocol::off && for_http)
    return "proxyProtocol: upstreams of an HTTPRoute are not sent a PROXY header, they have X-Forwarded-For";
  if (policy.connections && policy.connections->keepalive != resource::ConnectionLimits{}.keepalive)
    return "connections.keepalive: upstream connections are not probed";
  if (policy.health_check && policy.health_check->passive &&
      policy.health_check->passive->interval != resource::OutlierDetection{}.interval)
    return "healthCheck.passive.interval: failures are judged as they happen, not at intervals";
  return {};
}

std::string unserved(const resource::BackendTlsPolicy& policy) {
  return policy.options.empty()
             ? ""
             : say("options: '{}' is not known, nor is any other", policy.options.begin()->first);
}

std::string unserved(const resource::SessionPersistence& session) {
  if (session.idle_timeout) return "sessionPersistence.idleTimeout: sessions do not end by being idle";
  if (session.absolute_timeout && session.cookie_lifetime == resource::SessionPersistence::Lifetime::session)
    return "sessionPersistence.absoluteTimeout: it needs cookieConfig.lifetimeType: Permanent";
  return {};
}

// Preflights are OPTIONS: a rule for other methods never sees one.
bool keeps_preflights_out(const resource::HttpRouteRule& rule) {
  const bool cors = std::ranges::any_of(
      rule.filters, [](const auto& filter) { return filter.type == resource::HttpFilterType::cors; });
  return cors && std::ranges::all_of(rule.matches, [](const auto& match) {
           return match.method && *match.method != "OPTIONS";
         });
}

class Warner {
 public:
  explicit Warner(std::vector<resource::Diagnostic>& diagnostics) : diagnostics_(diagnostics) {}

  template <class T>
  void warn(const resource::Entry<T>& entry, resource::Mark mark, std::string message,
            std::string hint = {}) {
    if (message.empty()) return;
    const auto& meta = entry->meta;
    diagnostics_.push_back({resource::Severity::warning, entry.at(mark), std::move(message), std::move(hint),
                            say("{} {}/{}", resource::name_of(entry->kind), meta.namespace_, meta.name)});
  }
  template <class T>
  void policies(const resource::Store& store) {
    for (const auto& entry : store.all<T>()) warn(entry, entry->mark, unserved(*entry));
  }
  template <class T>
  void listeners(const resource::Store& store) {
    for (const auto& entry : store.all<T>()) {
      for (const resource::Listener& listener : entry->listeners) {
        if (listener.tls && !listener.tls->options.empty())
          warn(entry, listener.mark,
               say("tls.options: '{}' is not known, nor is any other", listener.tls->options.begin()->first),
               "versions and ALPN are settings of a ListenerPolicy");
      }
    }
  }
  void routes(const resource::Store& store) {
    for (const auto& route : store.all<resource::HttpRoute>()) {
      for (const resource::HttpRouteRule& rule : route->rules) {
        if (rule.session_persistence) warn(route, rule.mark, unserved(*rule.session_persistence));
        if (keeps_preflights_out(rule))
          warn(route, rule.mark,
               "its matches name methods, and preflights (OPTIONS) are none of them: CORS will fail",
               "leave method out, or match OPTIONS as well");
      }
    }
  }

 private:
  std::vector<resource::Diagnostic>& diagnostics_;
};

}  // namespace

void warn_of_unserved(const resource::Store& store, std::vector<resource::Diagnostic>& diagnostics) {
  Warner warner(diagnostics);
  warner.policies<resource::ListenerPolicy>(store);
  warner.policies<resource::TrafficPolicy>(store);
  warner.policies<resource::BackendTlsPolicy>(store);
  warner.listeners<resource::Gateway>(store);
  warner.listeners<resource::ListenerSet>(store);
  warner.routes(store);
}

}  // namespace turnpike::plan
