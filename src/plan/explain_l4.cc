// What would become of a connection to tcp:// or tls://, and of a datagram to udp://.
#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "plan/explain_parts.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

class L4Explainer {
 public:
  L4Explainer(const Plan& plan, std::string_view scheme, std::string_view authority)
      : plan_(plan), scheme_(scheme), authority_(authority) {}

  Explanation run() {
    if (!read_authority()) return std::move(out_);
    const Port* port = find_port();
    if (port == nullptr) return std::move(out_);
    const Listener* listener = find_listener(*port);
    if (listener == nullptr) {
      out_.outcome = say("refused: no listener of this port has the server name '{}'", out_.request.host);
      return std::move(out_);
    }
    if (listener->kind == ListenerKind::http) {
      out_.outcome = "HTTPS: it is decrypted here, and requests find their own ways (explain an https URL)";
      return std::move(out_);
    }
    const std::uint32_t found = listener->l4.hosts.find(name());
    if (found == route::HostIndex::kNone) {
      out_.outcome =
          scheme_ == "tls" && !listener->l4.targets.empty()
              ? say("refused: no TLSRoute of the listener has the server name '{}'", out_.request.host)
              : "refused: no route takes it";
      return std::move(out_);
    }
    describe(plan_.rules[listener->l4.targets[found].rule], *listener);
    return std::move(out_);
  }

 private:
  // Routes of TCP and UDP look at no name.
  std::string_view name() const { return scheme_ == "tls" ? std::string_view(out_.request.host) : ""; }

  bool read_authority() {
    std::string_view host = authority_;
    const std::size_t colon = host.rfind(':');
    std::string_view port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
    host = host.substr(0, colon);
    const auto [at, error] = std::from_chars(port.data(), port.data() + port.size(), out_.request.port);
    if (port.empty() || error != std::errc{} || at != port.data() + port.size()) {
      out_.problem = say("write {}://HOST:PORT: which port is meant?", scheme_);
      return false;
    }
    out_.request.scheme = scheme_;
    out_.request.host = lower_case(host);
    return true;
  }

  bool fits(const Port& port) const {
    if (scheme_ == "udp") return port.datagrams;
    if (scheme_ == "tls") return port.looks_at_hello || port.tls;
    return !port.datagrams && !port.looks_at_hello && !port.listeners.empty() &&
           port.listeners.front().kind == ListenerKind::tcp;
  }

  const Port* find_port() {
    std::string others;
    for (const auto& port : plan_.ports) {
      if (port->port == out_.request.port && fits(*port)) return port.get();
      if (port->listeners.empty()) continue;
      others += say("{}{} ({})", others.empty() ? "" : ", ", port->port,
                    protocol_name(*port, port->listeners.front()));
    }
    out_.problem = others.empty() ? "no listener is served"
                                  : say("no listener for {} has the port {}; there are: {}", scheme_,
                                        out_.request.port, others);
    return nullptr;
  }

  const Listener* find_listener(const Port& port) {
    const bool by_name = port.looks_at_hello || port.tls;
    const std::uint32_t chosen = by_name ? port.hosts.find(name()) : 0;
    for (std::uint32_t i = 0; i < port.listeners.size(); ++i) {
      const Listener& listener = port.listeners[i];
      Explanation::Listener& line = out_.listeners.emplace_back();
      line.name = listener.name;
      line.origin = listener.origin;
      line.hostname = listener.hostname.empty() ? "*" : listener.hostname;
      line.port = port.port;
      line.tls = by_name;
      line.protocol = protocol_name(port, listener);
      if (listener.kind == ListenerKind::tls_passthrough) line.protocol += " (passthrough)";
      line.chosen = i == chosen;
      line.reason = line.chosen ? (port.listeners.size() == 1 ? "the only listener of the port"
                                                              : "its hostname is the nearest")
                                : "another listener's hostname is nearer, or this one does not fit";
    }
    if (chosen == route::HostIndex::kNone) return nullptr;
    const auto it = out_.listeners.begin() + chosen;
    std::rotate(out_.listeners.begin(), it, it + 1);
    return &port.listeners[chosen];
  }

  void describe(const Rule& rule, const Listener& listener) {
    Explanation::Candidate& taken = out_.candidates.emplace_back();
    taken.route = rule.route;
    taken.rule = rule.rule;
    taken.origin = rule.origin;
    taken.match = name().empty() ? "every connection of the listener" : say("server name {}", name());
    taken.matched = true;
    out_.rule_origin = rule.origin;
    describe_l4_rule(plan_, rule, listener.kind == ListenerKind::udp, out_);
    const bool all_invalid = std::ranges::all_of(rule.backends, [](const BackendChoice& b) {
      return b.weight == 0 || b.cluster == BackendChoice::kInvalid;
    });
    switch (listener.kind) {
      case ListenerKind::udp:
        out_.outcome = "each client's datagrams go to one endpoint, its answers back to the client";
        break;
      case ListenerKind::tls_terminate:
        out_.outcome = "TLS ends here; what is in it is relayed";
        break;
      case ListenerKind::tls_passthrough:
        out_.outcome = "relayed as it comes, TLS and all";
        break;
      default:
        out_.outcome = "relayed as it comes";
        break;
    }
    if (all_invalid) out_.outcome = "refused: no backendRef of the rule can be used";
  }

  const Plan& plan_;
  const std::string_view scheme_;
  const std::string_view authority_;
  Explanation out_;
};

}  // namespace

Explanation explain_l4(const Plan& plan, std::string_view scheme, std::string_view authority) {
  return L4Explainer(plan, scheme, authority).run();
}

}  // namespace turnpike::plan
