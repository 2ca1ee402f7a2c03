#include "upstream/health_check.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "tls/stream.h"
#include "upstream/http2_probe.h"
#include "upstream/registry.h"

namespace turnpike::upstream {

HealthCheck::HealthCheck(Registry& registry, std::shared_ptr<const ClusterConfig> config,
                         std::shared_ptr<SharedEndpoint> endpoint, Listener& listener)
    : registry_(registry), config_(std::move(config)), endpoint_(std::move(endpoint)), listener_(listener) {
  // Soon, but not all endpoints of a new configuration in the same moment.
  const Duration spread = std::min<Duration>(config_->health.interval, std::chrono::milliseconds(500));
  const auto delay =
      static_cast<std::int64_t>(static_cast<double>(spread.count()) * registry_.random().unit());
  registry_.loop().timers().arm(*this, registry_.loop().now() + Duration(delay));
}

HealthCheck::~HealthCheck() {
  *alive_ = false;
  if (dial_ != nullptr) dial_->cancel();
  if (stream_ != nullptr) stream_->cancel();
}

void HealthCheck::on_timer() {
  if (*registry_.checks_running() >= kMostAtOnce) {
    registry_.loop().timers().arm(*this, registry_.loop().now() + std::chrono::milliseconds(20));
    return;
  }
  io::spawn(check());
}

// Between nine and eleven tenths of the interval later.
void HealthCheck::again() noexcept {
  const double factor = 0.9 + 0.2 * registry_.random().unit();
  const auto pause =
      static_cast<std::int64_t>(static_cast<double>(config_->health.interval.count()) * factor);
  registry_.loop().timers().arm(
      *this, registry_.loop().now() + std::max<Duration>(Duration(pause), io::TimerWheel::kTick));
}

io::Task<void> HealthCheck::check() {
  const std::shared_ptr<bool> alive = alive_;
  const std::shared_ptr<unsigned> running = registry_.checks_running();
  ++*running;
  const std::string_view problem = co_await probe(registry_.loop().now() + config_->health.timeout);
  --*running;
  if (!*alive) co_return;
  // note() may tell the listener, but nobody destroys this from there.
  note(problem);
  again();
}

io::Task<std::string_view> HealthCheck::probe(TimePoint deadline) {
  const std::shared_ptr<bool> alive = alive_;
  const std::shared_ptr<SharedEndpoint> endpoint = endpoint_;
  Dial dial;
  dial_ = &dial;
  // What wants a PROXY header gets one that speaks of nobody; where TLS follows it, connecting has to do.
  const bool introduced = config_->proxy_protocol != l4::ProxyVersion::none;
  auto stream = co_await dial.run(registry_.loop(), endpoint->address(), introduced ? nullptr : config_->tls,
                                  nullptr, deadline);
  if (!*alive) co_return std::string_view{};
  dial_ = nullptr;
  if (!stream) co_return stream.error().detail.empty() ? "the connection failed" : stream.error().detail;
  if (config_->health.kind == ActiveHealthCheck::Kind::tcp || (introduced && config_->tls != nullptr))
    co_return std::string_view{};
  stream_ = stream->get();
  const bool http2 = wants_http2(config_->protocol) &&
                     (!config_->tls || static_cast<tls::TlsStream&>(**stream).alpn() == "h2");
  std::string_view problem;
  if (config_->health.kind == ActiveHealthCheck::Kind::grpc) {
    problem = co_await ask_grpc(**stream, deadline);
  } else {
    problem = http2 ? co_await ask_http2(**stream, deadline) : co_await ask(**stream, deadline);
  }
  stream_ = nullptr;
  co_return problem;
}

std::string HealthCheck::host() const {
  const std::string own = endpoint_->address().is_ip() ? endpoint_->name() : "localhost";
  return config_->health.host.empty() ? own : config_->health.host;
}

std::string HealthCheck::request() const {
  l4::ProxyHeaderText header;
  std::string text;
  if (config_->proxy_protocol != l4::ProxyVersion::none)
    text = l4::write_local_proxy_header(config_->proxy_protocol, header);
  text += "GET ";
  text += config_->health.path.empty() ? "/" : config_->health.path;
  text += " HTTP/1.1\r\nHost: ";
  text += host();
  text += "\r\nUser-Agent: turnpike-health\r\nConnection: close\r\n\r\n";
  return text;
}

io::Task<std::string_view> HealthCheck::ask(io::Stream& stream, TimePoint deadline) {
  const std::string text = request();
  for (std::string_view left = text; !left.empty();) {
    const io::IoResult sent = stream.write(left);
    if (sent.status == io::IoStatus::ok) {
      left.remove_prefix(sent.bytes);
    } else if (sent.status != io::IoStatus::would_block) {
      co_return "the connection broke while the request was sent";
    } else if (co_await stream.writable(deadline) != io::Wait::ready) {
      co_return "no answer in time";
    }
  }
  std::string line;  // of the response's start, up to the first line's end
  for (;;) {
    std::array<char, 512> piece;
    const io::IoResult got = stream.read(piece);
    if (got.status == io::IoStatus::would_block) {
      if (co_await stream.readable(deadline) != io::Wait::ready) co_return "no answer in time";
      continue;
    }
    if (got.status != io::IoStatus::ok) co_return "the connection was closed without an answer";
    line.append(piece.data(), got.bytes);
    const std::size_t end = line.find("\r\n");
    if (end != std::string::npos) co_return judge_status_line(std::string_view(line).substr(0, end));
    if (line.size() > 4096) co_return "the answer is not HTTP";
  }
}

io::Task<std::string_view> HealthCheck::ask_http2(io::Stream& stream, TimePoint deadline) {
  const std::string authority = host();
  http::RequestHead head;
  head.method = http::Method::get;
  head.scheme = config_->tls ? "https" : "http";
  head.authority = authority;
  std::string_view target = config_->health.path;
  if (target.empty()) target = "/";
  const std::size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.has_query = question != std::string_view::npos;
  if (head.has_query) head.query = target.substr(question + 1);
  Arena arena;
  head.fields.add(arena, http::FieldId::user_agent, "turnpike-health");
  const std::expected<unsigned, std::string_view> status = co_await ask_status(stream, head, deadline);
  if (!status) co_return status.error();
  co_return judge_status(*status);
}

io::Task<std::string_view> HealthCheck::ask_grpc(io::Stream& stream, TimePoint deadline) {
  if (config_->tls && static_cast<tls::TlsStream&>(stream).alpn() != "h2")
    co_return "the endpoint does not speak HTTP/2";
  const std::string authority = host();
  http::RequestHead head;
  head.scheme = config_->tls ? "https" : "http";
  head.authority = authority;
  Arena arena;
  head.fields.add(arena, http::FieldId::user_agent, "turnpike-health");
  co_return co_await ask_health(stream, head, config_->health.service, deadline);
}

std::string_view HealthCheck::judge_status_line(std::string_view line) const noexcept {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
      (line.size() > 12 && line[12] != ' ')) {
    return "the answer is not HTTP/1";
  }
  const auto status = parse_decimal<std::uint16_t>(line.substr(9, 3));
  if (!status) return "the answer is not HTTP/1";
  return judge_status(*status);
}

std::string_view HealthCheck::judge_status(unsigned status) const noexcept {
  const bool expected = std::ranges::any_of(config_->health.expected_statuses, [&](const auto& range) {
    return status >= range.first && status <= range.second;
  });
  return expected ? std::string_view{} : "the status is not an expected one";
}

void HealthCheck::note(std::string_view problem) {
  const bool well = problem.empty();
  (well ? failures_ : successes_) = 0;
  const unsigned in_a_row = well ? ++successes_ : ++failures_;
  const unsigned needed = well ? config_->health.healthy_threshold : config_->health.unhealthy_threshold;
  if (!std::exchange(first_, false) && in_a_row < needed) return;
  if (endpoint_->set_health(kUnhealthy, !well)) listener_.on_health(*endpoint_, well, problem);
}

}  // namespace turnpike::upstream
