#include "proxy/exchange.h"

#include "base/strings.h"
#include "http/path.h"
#include "observe/trace.h"
#include "proxy/connection.h"
#include "proxy/forwarding.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"
#include "tls/context.h"
#include "tls/stream.h"

namespace turnpike::proxy {

Exchange::Exchange(Client& client, WorkerPlan::Pin plan, const plan::Port& port, TimePoint now)
    : client_(client),
      connection_(client.connection()),
      worker_(connection_.worker()),
      loop_(worker_.loop()),
      plan_(std::move(plan)),
      port_(port),
      facts_{.arena = arena_,
             .request = request_,
             .now = now,
             .random = worker_.random(),
             .scheme = port.tls ? "https" : "http",
             .host = {},
             .port = port.port,
             .listener_port = port.port,
             .client_ip = connection_.peer_ip(),
             .matched_prefix = 0,
             .rewritten_host = {},
             .response = nullptr,
             .direct = {}},
      started_(now) {}

Exchange::~Exchange() { client_.stop_listening(); }

http::h1::Parse Exchange::parse() {
  const http::h1::ParseResult result =
      http::h1::parse_request(client_.buffer().view(), scanned_, port_.settings.limits, arena_, request_);
  if (result.state == http::h1::Parse::complete) {
    head_bytes_ = result.consumed;
    client_.buffer().pass(result.consumed);
  } else if (result.state == http::h1::Parse::error) {
    parse_error_ = result.error;
  }
  return result.state;
}

void Exchange::begin(http::RequestHead&& head) {
  request_ = head;
  head_bytes_ = 1;  // it is whole
}

void Exchange::record_refused(const Error& error, unsigned status) {
  head_done_ = loop().now();
  request_.version = http::Version::http2;
  reason_ = error.kind;
  detail_ = error.detail;
  status_ = static_cast<std::uint16_t>(status);
  record();
}

io::Task<After> Exchange::fail_before_head(Error error) {
  head_done_ = loop().now();
  close_after_ = true;
  After after = After::close;
  const bool unreadable = error.kind == ErrorKind::client_tls && client_.connection().tls() != nullptr;
  if (error.kind == ErrorKind::client_closed || unreadable) {
    reason_ = error.kind;
    detail_ = error.detail;
  } else {
    after = co_await respond(error);
  }
  record();
  co_return after == After::keep_alive ? After::close : after;
}

io::Task<After> Exchange::run() {
  head_done_ = loop().now();
  Error error = parse_error_;
  if (error.kind == ErrorKind::none) error = understand_call();
  if (error.kind == ErrorKind::none) error = understand();
  if (error.kind == ErrorKind::none) error = find_route();
  After after = After::close;
  if (error.kind != ErrorKind::none) {
    after = co_await respond(error);
  } else {
    add_forwarding_fields();
    if (!apply_request_policies(rule_->on_request)) {
      after = co_await send_direct();
    } else if (error = check_call(); error.kind != ErrorKind::none) {
      after = co_await respond(error);
    } else if (error = choose_backend(); error.kind != ErrorKind::none) {
      after = co_await respond(error);
    } else if (!apply_request_policies(backend_->on_request)) {
      after = co_await send_direct();
    } else {
      after = co_await forward();
    }
  }
  record();
  return_leftover();
  co_return after;
}

Error Exchange::understand() {
  if (request_.method == http::Method::connect && !understand_connect()) {
    return client_error(ErrorKind::unsupported_method, "CONNECT: the gateway is no forward proxy");
  }
  if (worker_.overload().pressure() == Pressure::critical) {
    return our_error(ErrorKind::overloaded, "the bound of memory is reached");
  }
  if (port_.settings.limits.body != 0 && request_.framing == http::Framing::length &&
      request_.content_length > port_.settings.limits.body) {
    return client_error(ErrorKind::body_too_large, "Content-Length is above limits.body");
  }
  if (!request_.authority.empty()) {
    const Result<http::Authority> authority = http::parse_authority(request_.authority, arena_);
    if (!authority) return authority.error();
    facts_.host = authority->host;
    if (authority->port != 0) facts_.port = authority->port;
  }
  original_path_ = request_.path;
  if (request_.path != "*") {
    const Result<std::string_view> path = http::normalise_path(request_.path, port_.settings.path, arena_);
    if (!path) return path.error();
    request_.path = *path;
  }
  understand_upgrade();
  wants_trailers_ = request_.fields.value(http::FieldId::te) == "trailers";
  trusted_peer_ = is_trusted(port_.settings, connection_.peer_ip());
  remove_untrusted_fields(request_.fields, port_.settings, trusted_peer_);
  return {};
}

// Extended CONNECT (RFC 8441) is to HTTP/2 what an Upgrade is to HTTP/1.1: routes, policies and the log see
// the one as the other. What else CONNECT may mean is not for a gateway.
bool Exchange::understand_connect() {
  if (!equals_ignoring_case(request_.protocol, "websocket")) return false;
  request_.method = http::Method::get;
  request_.method_text = http::name_of(http::Method::get);
  request_.framing = http::Framing::none;
  request_.upgrade = true;
  upgrade_protocol_ = "websocket";
  return true;
}

// An Upgrade is passed on where both sides can agree on it: not to another version of HTTP, which would pass
// requests by our routes and policies.
void Exchange::understand_upgrade() {
  if (!request_.upgrade || !upgrade_protocol_.empty()) return;
  const std::string_view protocol = request_.fields.value(http::FieldId::upgrade);
  const auto is_http = [&](std::string_view name) {
    return equals_ignoring_case(protocol.substr(0, name.size()), name);
  };
  request_.upgrade = request_.method == http::Method::get && request_.framing == http::Framing::none &&
                     request_.version == http::Version::http11 &&
                     request_.fields.count(http::FieldId::upgrade) == 1 &&
                     protocol.find_first_of(", \t") == std::string_view::npos && !is_http("h2") &&
                     !is_http("http") && !is_http("tls");
  if (request_.upgrade) upgrade_protocol_ = protocol;
}

Error Exchange::find_route() {
  const std::uint32_t found = port_.hosts.find(facts_.host);
  if (found == route::HostIndex::kNone) return client_error(ErrorKind::no_listener_host);
  listener_ = &port_.listeners[found];
  worker_.recorder().block(listener_->metrics).add(worker_.recorder().families().listener.active_requests, 1);
  if (connection_.tls() != nullptr) {
    // A connection made for one listener's name must not reach another listener: certificates, client
    // validation and isolation are per listener (RFC 9110 §15.5.20, Gateway API GEP-3567).
    const std::uint32_t connected = port_.hosts.find(connection_.tls()->sni());
    if (connected != found && !connection_.tls()->sni().empty()) return client_error(ErrorKind::misdirected);
    if (connection_.tls()->client_rules() != port_.tls_context->client_rules()) {
      close_after_ = true;
      return client_error(ErrorKind::misdirected, "other client certificates are asked for now");
    }
  }
  const auto hit = listener_->table.find(facts_.host, request_, worker_.scratch());
  if (!hit) return client_error(ErrorKind::no_route);
  match_ = &listener_->matches[hit->match_index];
  rule_ = &plan_->plan().rules[hit->target];
  facts_.matched_prefix = match_->prefix_bytes == plan::Listener::kWholePath
                              ? request_.path.size()
                              : std::min<std::size_t>(match_->prefix_bytes, request_.path.size());
  return {};
}

void Exchange::add_forwarding_fields() {
  Random& random = worker_.random();
  const std::string_view brought = request_.fields.value(http::FieldId::x_request_id);
  if ((port_.settings.trust_request_id || trusted_peer_) && observe::is_request_id(brought)) {
    request_id_ = brought;
  } else {
    request_id_ =
        observe::write_request_id(random, static_cast<char*>(arena_.allocate(observe::kRequestIdSize, 1)));
  }
  const std::string_view parent = request_.fields.value(http::FieldId::traceparent);
  const auto received = request_.fields.count(http::FieldId::traceparent) == 1
                            ? observe::parse_traceparent(parent)
                            : std::nullopt;
  const observe::TraceContext trace =
      received ? observe::continue_trace(*received, random) : observe::start_trace(random, false);
  traceparent_ =
      observe::write_traceparent(trace, static_cast<char*>(arena_.allocate(observe::kTraceparentSize, 1)));
  if (!received)
    request_.fields.remove(http::FieldId::tracestate);  // W3C: it means nothing without its parent

  const ClientFacts facts{.ip = connection_.peer_ip(),
                          .port = connection_.peer_port(),
                          .tls = port_.tls,
                          .trusted = trusted_peer_,
                          .version = request_.version};
  const Forwarding forwarding = write_forwarding_fields(request_, facts, port_.settings, arena_);
  facts_.client_ip = forwarding.client_ip;
  facts_.scheme = forwarding.scheme;
  request_.fields.set(arena_, http::FieldId::x_request_id, request_id_);
  request_.fields.set(arena_, http::FieldId::traceparent, traceparent_);
}

bool Exchange::apply_request_policies(std::span<const policy::Policy* const> policies) {
  for (const policy::Policy* policy : policies) {
    const policy::Verdict verdict = policy->on_request(facts_);
    if (verdict == policy::Verdict::next) continue;
    if (verdict == policy::Verdict::close) {
      close_after_ = true;
      client_gone_ = true;  // nothing is sent
    }
    return false;
  }
  return true;
}

void Exchange::apply_response_policies() {
  facts_.response = &response_;
  if (backend_ != nullptr) {
    for (const policy::Policy* policy : backend_->on_response) policy->on_response(facts_);
  }
  if (rule_ != nullptr) {
    for (const policy::Policy* policy : rule_->on_response) policy->on_response(facts_);
  }
}

Error Exchange::choose_backend() {
  if (rule_->total_weight == 0)
    return our_error(ErrorKind::no_backend, "the rule has no backend with weight");
  const plan::BackendChoice* chosen = &rule_->backends.front();
  if (rule_->backends.size() > 1) {
    std::uint64_t at = worker_.random().below(rule_->total_weight);
    for (const plan::BackendChoice& backend : rule_->backends) {
      chosen = &backend;
      if (at < backend.weight) break;
      at -= backend.weight;
    }
  }
  backend_ = chosen;
  if (backend_->cluster == plan::BackendChoice::kInvalid) {
    return our_error(ErrorKind::no_backend, "the backend reference does not resolve");
  }
  cluster_ = &plan_->cluster(backend_->cluster);
  return {};
}

}  // namespace turnpike::proxy
