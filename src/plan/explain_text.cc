// Explanations for people and for programs.
#include <cmath>

#include "base/utf8.h"
#include "plan/explain.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

constexpr std::size_t kMostLosers = 12;

class Text {
 public:
  explicit Text(bool colour) : colour_(colour) {}

  // "  label    first": the label only where it is not empty, values in one column.
  void line(std::string_view label, std::string_view value) {
    out_ += "  ";
    out_ += bold(label);
    for (std::size_t i = label.size(); i < 10; ++i) out_ += ' ';
    out_ += value;
    out_ += '\n';
  }
  void under(std::string_view value) { line("", "  " + std::string(value)); }
  void head(std::string_view text) {
    out_ += bold(text);
    out_ += '\n';
  }
  std::string bold(std::string_view text) const { return in("1", text); }
  std::string faint(std::string_view text) const { return in("2", text); }
  std::string take() { return std::move(out_); }

 private:
  std::string in(std::string_view code, std::string_view text) const {
    return colour_ && !text.empty() ? say("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  std::string out_;
  bool colour_;
};

// `e` with nothing in it that would act on a terminal.
Explanation shown(Explanation e) {
  const auto clean = [](auto&... texts) { ((texts = printable(texts)), ...); };
  const auto clean_policies = [&](std::vector<Explanation::Policy>& policies) {
    for (auto& policy : policies) clean(policy.name, policy.what);
  };
  clean(e.problem, e.request.method, e.request.host, e.request.path, e.request.query, e.rule_origin,
        e.retries, e.session, e.outcome);
  for (auto& listener : e.listeners)
    clean(listener.name, listener.origin, listener.hostname, listener.reason);
  for (auto& c : e.candidates) clean(c.route, c.rule, c.origin, c.match, c.reason);
  for (auto* backends : {&e.backends, &e.mirrors}) {
    for (auto& backend : *backends) {
      clean(backend.name, backend.state, backend.origin);
      for (auto& endpoint : backend.endpoints) clean(endpoint.address);
      clean_policies(backend.policies);
    }
  }
  clean_policies(e.on_request);
  clean_policies(e.on_response);
  for (auto& attached : e.attached) clean(attached.policy, attached.origin, attached.target);
  return e;
}

std::string percent(double share) {
  const double tenths = std::round(share * 10);
  const auto whole = static_cast<long>(tenths) / 10;
  const auto rest = static_cast<long>(tenths) % 10;
  return rest == 0 ? say("{} %", whole) : say("{}.{} %", whole, rest);
}

void add_backend(Text& text, std::string_view label, const Explanation::Backend& backend) {
  if (backend.name.empty()) {
    text.line(label, say("{}  {}", percent(backend.share), backend.state));
    return;
  }
  text.line(label, say("{}  {} {}", percent(backend.share), backend.name, text.faint(backend.origin)));
  text.under(say("{}, {}: {}", backend.protocol, backend.balancing, backend.state));
  for (const Explanation::Endpoint& endpoint : backend.endpoints)
    text.under(say("{} {}", endpoint.address, text.faint(endpoint.state)));
  for (const Explanation::Policy& policy : backend.policies)
    text.under(say("{}: {}", policy.name, policy.what));
}

void add_losers(Text& text, const Explanation& e) {
  std::size_t shown = 0;
  for (const Explanation::Candidate& candidate : e.candidates) {
    if (candidate.matched) continue;
    if (shown == kMostLosers) break;
    text.line(shown == 0 ? "not" : "",
              say("{} rule {} {}", candidate.route, candidate.rule, text.faint(candidate.origin)));
    text.under(say("{}: {}", candidate.match, candidate.reason));
    ++shown;
  }
  const std::size_t losers =
      e.candidates.size() - (e.candidates.empty() || !e.candidates.front().matched ? 0 : 1);
  if (losers > shown) text.line("", say("and {} more", losers - shown));
}

void add_listeners(Text& text, const Explanation& e) {
  for (const Explanation::Listener& listener : e.listeners) {
    text.line(listener.chosen ? "listener" : "not", say("{} {}", listener.name, text.faint(listener.origin)));
    text.under(say("port {}, {}, hostname {}: {}", listener.port, listener.protocol, listener.hostname,
                   listener.reason));
  }
}

void add_policies(Text& text, std::string_view label, const std::vector<Explanation::Policy>& policies) {
  for (const Explanation::Policy& policy : policies) {
    text.line(&policy == &policies.front() ? label : "", say("{}: {}", policy.name, policy.what));
  }
}

void write_policies(JsonWriter& json, std::string_view key,
                    const std::vector<Explanation::Policy>& policies) {
  json.key(key).begin_array();
  for (const auto& policy : policies)
    json.begin_object().key("name").value(policy.name).key("what").value(policy.what).end_object();
  json.end_array();
}

void write_backends(JsonWriter& json, std::string_view key,
                    const std::vector<Explanation::Backend>& backends) {
  json.key(key).begin_array();
  for (const auto& backend : backends) {
    json.begin_object().key("name").value(backend.name).key("share").value(backend.share);
    json.key("state").value(backend.state).key("origin").value(backend.origin);
    json.key("protocol").value(backend.protocol).key("balancing").value(backend.balancing);
    json.key("endpoints").begin_array();
    for (const auto& endpoint : backend.endpoints)
      json.begin_object()
          .key("address")
          .value(endpoint.address)
          .key("state")
          .value(endpoint.state)
          .end_object();
    json.end_array();
    write_policies(json, "policies", backend.policies);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string to_text(const Explanation& explanation, bool colour) {
  const Explanation e = shown(explanation);
  Text text(colour);
  if (!e.problem.empty()) return e.problem + "\n";
  text.head(say("{}{}{}://{}:{}{}{}", e.request.method, e.request.method.empty() ? "" : " ", e.request.scheme,
                e.request.host.empty() ? "-" : e.request.host, e.request.port, e.request.path,
                e.request.query));
  add_listeners(text, e);
  for (const Explanation::Candidate& candidate : e.candidates) {
    if (!candidate.matched) break;
    text.line("route", say("{} rule {} {}", candidate.route, candidate.rule, text.faint(e.rule_origin)));
    text.line("match", say("{} {}", candidate.match, text.faint(candidate.origin)));
  }
  add_losers(text, e);
  add_policies(text, "request", e.on_request);
  add_policies(text, "response", e.on_response);
  for (const Explanation::Backend& backend : e.backends)
    add_backend(text, &backend == &e.backends.front() ? "backend" : "", backend);
  for (const Explanation::Backend& mirror : e.mirrors)
    add_backend(text, &mirror == &e.mirrors.front() ? "mirror" : "", mirror);
  std::string timeouts;
  for (const std::string& timeout : e.timeouts) timeouts += (timeouts.empty() ? "" : ", ") + timeout;
  for (const Explanation::Attached& attached : e.attached)
    text.line(&attached == &e.attached.front() ? "policies" : "",
              say("{}, on {} {}", attached.policy, attached.target, text.faint(attached.origin)));
  if (!timeouts.empty()) text.line("timeouts", timeouts);
  if (!e.retries.empty()) text.line("retries", e.retries);
  if (!e.session.empty()) text.line("session", e.session);
  text.line("outcome", text.bold(e.outcome));
  return text.take();
}

void write_json(JsonWriter& json, const Explanation& e) {
  json.begin_object();
  if (!e.problem.empty()) json.key("problem").value(e.problem);
  json.key("request").begin_object();
  json.key("method").value(e.request.method).key("scheme").value(e.request.scheme);
  json.key("host").value(e.request.host).key("port").value(e.request.port);
  json.key("path").value(e.request.path).key("query").value(e.request.query);
  json.end_object();
  json.key("listeners").begin_array();
  for (const auto& listener : e.listeners) {
    json.begin_object().key("name").value(listener.name).key("origin").value(listener.origin);
    json.key("hostname")
        .value(listener.hostname)
        .key("port")
        .value(listener.port)
        .key("tls")
        .value(listener.tls);
    json.key("chosen").value(listener.chosen).key("reason").value(listener.reason).end_object();
  }
  json.end_array().key("candidates").begin_array();
  for (const auto& candidate : e.candidates) {
    json.begin_object().key("route").value(candidate.route).key("rule").value(candidate.rule);
    json.key("origin").value(candidate.origin).key("match").value(candidate.match);
    json.key("matched").value(candidate.matched).key("reason").value(candidate.reason).end_object();
  }
  json.end_array().key("rule_origin").value(e.rule_origin);
  write_policies(json, "on_request", e.on_request);
  write_policies(json, "on_response", e.on_response);
  write_backends(json, "backends", e.backends);
  write_backends(json, "mirrors", e.mirrors);
  json.key("policies").begin_array();
  for (const auto& attached : e.attached) {
    json.begin_object().key("policy").value(attached.policy).key("target").value(attached.target);
    json.key("origin").value(attached.origin).end_object();
  }
  json.end_array();
  json.key("timeouts").begin_array();
  for (const std::string& timeout : e.timeouts) json.value(timeout);
  json.end_array().key("retries").value(e.retries).key("session").value(e.session);
  json.key("outcome").value(e.outcome).key("status").value(e.status).end_object();
}

}  // namespace turnpike::plan
