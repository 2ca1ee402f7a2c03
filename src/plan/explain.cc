#include "plan/explain.h"

#include <algorithm>

#include "base/arena.h"
#include "base/random.h"
#include "http/path.h"
#include "plan/compile.h"
#include "plan/explain_parts.h"
#include "plan/explain_policies.h"
#include "policy/policy.h"
#include "resource/say.h"
#include "route/explain.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Scheme, authority and target of what the user typed.
struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string_view target = "/";
};

Url split(std::string_view url) {
  Url out;
  if (const std::size_t colon = url.find("://"); colon != std::string_view::npos) {
    out.scheme = url.substr(0, colon);
    url.remove_prefix(colon + 3);
    const std::size_t slash = url.find_first_of("/?#");
    out.authority = url.substr(0, slash);
    url = slash == std::string_view::npos ? std::string_view() : url.substr(slash);
  }
  url = url.substr(0, url.find('#'));
  if (!url.empty()) out.target = url;
  return out;
}

class Explainer {
 public:
  Explainer(const std::shared_ptr<const resource::Store>& store, const ExplainRequest& request)
      : store_(store), asked_(request) {
    CompileOptions options;
    options.statuses = false;
    compiled_ = compiler_.compile(store, options, &sources_);
  }

  Explanation run() {
    url_ = split(asked_.url);
    if (url_.scheme == "tcp" || url_.scheme == "tls" || url_.scheme == "udp")
      return explain_l4(*compiled_.plan, url_.scheme, url_.authority);
    out_.request = {.method = asked_.method, .scheme = {}, .host = {}, .port = 0, .path = {}, .query = {}};
    if (!read_request()) return std::move(out_);
    const Port* port = find_port();
    if (port == nullptr) return std::move(out_);
    if (!normalise(*port)) return std::move(out_);
    const Listener* listener = find_listener(*port);
    if (listener == nullptr) {
      answer(404, "no listener of this port has the host");
      return std::move(out_);
    }
    if (listener->kind != ListenerKind::http) {
      out_.outcome = say("no HTTP here: the listener takes connections as {} (explain {}://{}:{})",
                         protocol_name(*port, *listener), port->looks_at_hello ? "tls" : "tcp",
                         host_.empty() ? "HOST" : host_, port->port);
      return std::move(out_);
    }
    const route::Match* match = find_match(*port, *listener);
    if (match == nullptr) {
      answer(404, "no route takes it");
      return std::move(out_);
    }
    const Rule& rule = compiled_.plan->rules[match->target];
    out_.attached = attached_policies(*store_, *listener, rule);
    describe(rule, *match);
    return std::move(out_);
  }

 private:
  void answer(std::uint16_t status, std::string_view why) {
    out_.status = status;
    out_.outcome = say("{}: {}", status, why);
  }

  bool read_request() {
    if (!url_.scheme.empty() && url_.scheme != "http" && url_.scheme != "https") {
      out_.problem = say("'{}' is none of http, https, tls, tcp and udp", url_.scheme);
      return false;
    }
    std::string_view authority = url_.authority;
    for (const auto& [name, value] : asked_.headers) {
      if (http::field_id(name) == http::FieldId::host) authority = value;
      head_.fields.add(arena_, name, value);
    }
    if (url_.target.front() == '?') url_.target = arena_.concat("/", url_.target);
    head_.method_text = asked_.method;
    head_.method = http::method_from(asked_.method);
    head_.target = url_.target;
    head_.authority = authority;
    const std::size_t mark = url_.target.find('?');
    head_.path = url_.target.substr(0, mark);
    head_.has_query = mark != std::string_view::npos;
    if (head_.has_query) head_.query = url_.target.substr(mark + 1);
    if (authority.empty()) return true;
    const auto parsed = http::parse_authority(authority, arena_);
    if (!parsed) {
      out_.problem = say("'{}' is no host: {}", authority, parsed.error().detail);
      return false;
    }
    host_ = parsed->host;
    return true;
  }

  // The port that the URL names, or the only one that it can mean.
  const Port* find_port() {
    std::uint16_t wanted = 0;
    if (!url_.authority.empty()) {
      if (const auto parsed = http::parse_authority(url_.authority, arena_)) wanted = parsed->port;
    }
    const bool written = wanted != 0;
    if (!written && !url_.scheme.empty()) wanted = url_.scheme == "https" ? 443 : 80;
    std::vector<const Port*> fitting;
    const Port* exact = nullptr;
    std::string all;
    for (const auto& port : compiled_.plan->ports) {
      if (port->port == wanted && exact == nullptr) exact = port.get();
      if (url_.scheme.empty() || port->tls == (url_.scheme == "https")) fitting.push_back(port.get());
      if (port->datagrams) continue;
      all += say("{}{} ({})", all.empty() ? "" : ", ", port->port, port->tls ? "https" : "http");
    }
    if (exact != nullptr && !url_.scheme.empty() && exact->tls != (url_.scheme == "https")) {
      out_.problem = say("the port {} speaks {}", exact->port, exact->tls ? "https" : "http");
      return nullptr;
    }
    if (exact != nullptr) return exact;
    if (!written && fitting.size() == 1) return fitting.front();
    if (compiled_.plan->ports.empty()) {
      out_.problem = "no listener is served";
    } else if (written || !url_.scheme.empty()) {
      out_.problem = say("nothing listens on the port {}; there are: {}", wanted, all);
    } else {
      out_.problem = say("which port? There are: {}. Write a whole URL", all);
    }
    return nullptr;
  }

  bool normalise(const Port& port) {
    port_ = &port;
    out_.request.scheme = port.tls ? "https" : "http";
    out_.request.host = host_;
    out_.request.port = port.port;
    if (head_.has_query) out_.request.query = say("?{}", head_.query);
    if (head_.path != "*") {
      const auto path = http::normalise_path(head_.path, port.settings.path, arena_);
      if (!path) {
        out_.request.path = head_.path;
        answer(400, path.error().detail);
        return false;
      }
      head_.path = *path;
    }
    out_.request.path = head_.path;
    return true;
  }

  const Listener* find_listener(const Port& port) {
    const std::uint32_t chosen = port.hosts.find(host_);
    for (std::uint32_t i = 0; i < port.listeners.size(); ++i) {
      const Listener& listener = port.listeners[i];
      Explanation::Listener& line = out_.listeners.emplace_back();
      line.name = listener.name;
      line.origin = listener.origin;
      line.hostname = listener.hostname.empty() ? "*" : listener.hostname;
      line.port = port.port;
      line.tls = port.tls;
      line.protocol = protocol_name(port, listener);
      line.chosen = i == chosen;
      const auto pattern = route::HostPattern::parse(listener.hostname);
      const bool fits = pattern && pattern->matches(host_);
      if (line.chosen) {
        line.reason =
            port.listeners.size() == 1 ? "the only listener of the port" : "its hostname is the nearest";
      } else {
        line.reason = fits ? "another listener's hostname is nearer" : say("'{}' is not its hostname", host_);
      }
    }
    if (chosen != route::HostIndex::kNone) {
      const auto it = out_.listeners.begin() + chosen;
      std::rotate(out_.listeners.begin(), it, it + 1);
    }
    return chosen == route::HostIndex::kNone ? nullptr : &port.listeners[chosen];
  }

  const route::Match* find_match(const Port& port, const Listener& listener) {
    const ListenerSource* source = nullptr;
    for (const ListenerSource& candidate : sources_) {
      if (compiled_.plan->ports[candidate.port].get() == &port &&
          &port.listeners[candidate.listener] == &listener)
        source = &candidate;
    }
    if (source == nullptr) return nullptr;
    const route::Match* matched = nullptr;
    for (const route::Candidate& candidate : route::explain(source->matches, host_, head_)) {
      const route::Match& match = source->matches[candidate.match];
      const Rule& rule = compiled_.plan->rules[match.target];
      Explanation::Candidate& line = out_.candidates.emplace_back();
      line.route = rule.route;
      line.rule = rule.rule;
      line.origin = origin_of_match(*store_, match, rule);
      line.match = describe_match(match);
      line.matched = candidate.verdict == route::Verdict::matched;
      line.reason = candidate.reason;
      if (line.matched) matched = &match;
    }
    return matched;
  }

  static std::size_t covered(const route::Match& match, std::string_view path) {
    if (match.path.kind != route::PathMatch::Kind::prefix) return path.size();
    std::string_view prefix = match.path.value;
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    return prefix.size();
  }

  void describe(const Rule& rule, const route::Match& match) {
    out_.rule_origin = rule.origin;
    describe_rule(*compiled_.plan, rule, out_);
    policy::Exchange exchange{.arena = arena_, .request = head_, .now = {}, .random = random_};
    exchange.scheme = port_->tls ? "https" : "http";
    exchange.host = host_;
    exchange.port = exchange.listener_port = port_->port;
    exchange.matched_prefix = covered(match, head_.path);
    for (const policy::Policy* policy : rule.on_request) {
      if (policy->on_request(exchange) == policy::Verdict::next) continue;
      out_.status = exchange.direct.status;
      const std::string_view location = exchange.direct.fields.value(http::FieldId::location);
      out_.outcome = location.empty() ? say("{} by {}", exchange.direct.status, policy->name())
                                      : say("{} to {}", exchange.direct.status, location);
      return;
    }
    if (rule.total_weight == 0) {
      answer(500, rule.backends.empty() ? "the rule has no backend" : "no backend has a weight");
      return;
    }
    const bool all_invalid = std::ranges::all_of(rule.backends, [](const BackendChoice& b) {
      return b.weight == 0 || b.cluster == BackendChoice::kInvalid;
    });
    if (all_invalid) {
      answer(500, "no backendRef of the rule can be used");
      return;
    }
    if (rule.backends.size() == 1) {
      for (const policy::Policy* policy : rule.backends.front().on_request) policy->on_request(exchange);
    }
    const std::string_view host =
        exchange.rewritten_host.empty() ? std::string_view(host_) : exchange.rewritten_host;
    out_.outcome = say("forwarded as {} {}{}{}, Host {}", asked_.method, head_.path,
                       head_.has_query ? "?" : "", head_.query, host.empty() ? "(none)" : host);
  }

  std::shared_ptr<const resource::Store> store_;
  const ExplainRequest& asked_;
  Compiler compiler_;
  Compiled compiled_;
  std::vector<ListenerSource> sources_;
  Arena arena_;
  Random random_{1};
  Url url_;
  http::RequestHead head_;
  std::string host_;
  const Port* port_ = nullptr;
  Explanation out_;
};

}  // namespace

Explanation explain(const std::shared_ptr<const resource::Store>& store, const ExplainRequest& request) {
  return Explainer(store, request).run();
}

}  // namespace turnpike::plan
