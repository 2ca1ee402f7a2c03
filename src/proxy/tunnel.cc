// After 101 Switching Protocols: bytes in both directions (pump.h).
#include <optional>

#include "base/strings.h"
#include "proxy/exchange.h"
#include "proxy/forwarding.h"
#include "proxy/pump.h"
#include "proxy/recorder.h"
#include "proxy/websocket_guard.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

// The tunnel gives the buffer of the head away: what the record will want of it moves to the arena.
void Exchange::keep_for_record() {
  for (std::string_view* text : {&request_.method_text, &request_.authority, &request_.query, &original_path_,
                                 &request_id_, &facts_.client_ip, &facts_.scheme}) {
    *text = arena_.copy(*text);
  }
  http::Fields kept;
  for (const http::FieldId id : {http::FieldId::user_agent, http::FieldId::referer}) {
    const std::string_view value = request_.fields.value(id);
    if (!value.empty()) kept.add(arena_, id, arena_.copy(value));
  }
  request_.fields = kept;
}

io::Task<After> Exchange::tunnel() {
  report(Error{});
  status_ = client_.multiplexed() != nullptr ? std::uint16_t{200} : std::uint16_t{101};
  close_after_ = true;
  remove_hop_by_hop(response_.fields);
  apply_response_policies();
  chunked_to_client_ = false;
  to_client_.clear();
  write_client_head(true);
  client_.stream().set_hangup_listener(nullptr);  // the end of one direction is not the end of the other
  if (const Error error = co_await flush_to_client(); error.kind != ErrorKind::none) {
    reason_ = error.kind;
    lease_.close();
    co_return After::close;
  }
  response_started_ = true;
  Pump pump(client_.stream(), lease_.stream(), tunnel_limits());
  std::optional<WebSocketGuard> guard;
  if (equals_ignoring_case(upgrade_protocol_, "websocket")) {
    guard.emplace(pump, loop(), worker_.random(), rule_->timeouts.tunnel_ping);
    pump.observe(&*guard);
  }
  keep_for_record();
  client_.buffer().compact();
  count_tunnel(1);
  co_await pump.run(client_.buffer(), upstream_in_);
  count_tunnel(-1);
  sent_body_ = pump.to_client();
  if (pump.reason() == ErrorKind::client_idle_timeout || pump.reason() == ErrorKind::request_timeout)
    reason_ = pump.reason();
  lease_.close();
  client_.buffer().clear();
  // What the client has sent meanwhile would make the kernel reset the connection, and the close frame with
  // it.
  co_return guard && guard->said_goodbye() ? After::linger : After::close;
}

Pump::Limits Exchange::tunnel_limits() {
  const plan::Timeouts& timeouts = rule_->timeouts;
  Pump::Limits limits{.idle = timeouts.tunnel_idle, .patience = port_.settings.write_timeout};
  if (timeouts.tunnel_lifetime > Duration::zero()) {
    const auto tenth = static_cast<std::uint64_t>(timeouts.tunnel_lifetime.count() / 10);
    limits.end = loop().now() + timeouts.tunnel_lifetime - Duration(worker_.random().below(tenth + 1));
  }
  return limits;
}

void Exchange::count_tunnel(int by) noexcept {
  Recorder& recorder = worker_.recorder();
  if (match_ != nullptr) recorder.block(match_->route_metrics).add(recorder.families().route.tunnels, by);
}

}  // namespace turnpike::proxy
