#include "proxy/l4/stream_connection.h"

#include <algorithm>

#include "base/hash.h"
#include "observe/access_log.h"
#include "proxy/l4/choose.h"
#include "proxy/overload.h"
#include "proxy/port_slot.h"
#include "proxy/pump.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"
#include "tls/stream.h"

namespace turnpike::proxy {

StreamConnection::StreamConnection(Worker& worker, PortSlot& slot, std::unique_ptr<io::SocketStream> socket,
                                   const io::Address& peer)
    : worker_(worker),
      slot_(slot),
      plan_(slot.plan()),
      port_(slot.port()),
      socket_(socket.get()),
      stream_(std::move(socket)),
      client_(peer),
      started_(worker.loop().now()) {
  worker_.add(*this);
  slot_.connection_opened();
}

StreamConnection::~StreamConnection() {
  lease_.close();
  if (opened_) worker_.recorder().connection_closed(listener_metrics_, received_, sent_);
  handed_over_ ? worker_.hand_over(*this) : worker_.remove(*this);
  slot_.connection_closed();
}

io::Task<void> StreamConnection::run(std::unique_ptr<StreamConnection> connection) {
  co_await connection->serve();
}

void StreamConnection::cut() {
  cut_ = true;
  // One of them is what it waits for, if it waits at all. The last may end and destroy all of this.
  opening_.cancel();
  introducing_ ? lease_.stream().cancel() : stream_->cancel();
}

io::Task<void> StreamConnection::serve() {
  Error error = co_await arrive();
  if (error.kind == ErrorKind::none && listener_->kind == plan::ListenerKind::http) {
    hand_to_http();
    co_return;
  }
  count_opened();
  if (error.kind == ErrorKind::none) error = find_route();
  if (error.kind == ErrorKind::none && listener_->kind == plan::ListenerKind::tls_terminate)
    error = co_await secure();
  if (error.kind == ErrorKind::none) error = choose_backend();
  if (error.kind == ErrorKind::none) error = co_await connect();
  if (error.kind == ErrorKind::none) {
    co_await relay();
  } else {
    refuse(error);
  }
  record();
}

Error StreamConnection::find_route() {
  const std::uint32_t found = listener_->l4.hosts.find(server_name_.text());
  if (found == route::HostIndex::kNone) return client_error(ErrorKind::no_route);
  const plan::L4Routes::Target& target = listener_->l4.targets[found];
  rule_ = &plan_->plan().rules[target.rule];
  route_metrics_ = target.metrics;
  return {};
}

io::Task<Error> StreamConnection::secure() {
  auto secured = std::make_unique<tls::TlsStream>(std::move(stream_), *port_.stream_tls_context);
  tls_ = secured.get();
  stream_ = std::move(secured);
  const Result<void> done = co_await tls_->handshake(loop().now() + port_.settings.head_timeout);
  worker_.recorder().handshake(port_, *tls_, done);
  if (!done) co_return done.error();
  // A second ClientHello (HelloRetryRequest) must not lead where the first one did not.
  if (tls_->sni() != server_name_.text())
    co_return client_error(ErrorKind::client_tls, "the server name changed");
  co_return Error{};
}

Error StreamConnection::choose_backend() {
  if (worker_.overload().pressure() == Pressure::critical)
    return our_error(ErrorKind::overloaded, "the bound of memory is reached");
  const plan::BackendChoice* backend = choose_by_weight(*rule_, worker_.random());
  if (backend == nullptr) return our_error(ErrorKind::no_backend, "the rule has no backend with weight");
  if (backend->cluster == plan::BackendChoice::kInvalid)
    return our_error(ErrorKind::no_backend, "the backend reference does not resolve");
  cluster_ = &plan_->cluster(backend->cluster);
  pick_.hash = hash_of_client(*rule_, client_, worker_.random());
  routed_ = true;
  const observe::Families& families = worker_.recorder().families();
  worker_.recorder().block(route_metrics_).add(families.l4.active_sessions, 1);
  return {};
}

// Nothing has been sent: another endpoint may always be tried, as long as the budget allows it.
io::Task<Error> StreamConnection::connect() {
  cluster_->count_request();
  while (true) {
    pick_.tried = {tried_, tried_count_};
    const Result<upstream::Endpoint*> chosen = cluster_->choose(pick_);
    if (!chosen) co_return chosen.error();
    endpoint_ = *chosen;
    if (tried_count_ < std::size(tried_)) tried_[tried_count_++] = endpoint_;
    attempt_started_ = loop().now();
    const Error error = co_await attempt(*endpoint_);
    connected_at_ = loop().now();
    keep_names();
    if (error.kind == ErrorKind::none) co_return Error{};
    report(error);
    lease_.close();
    if (cut_ || error.retry != Retry::safe || attempts_ >= rule_->retry.attempts ||
        !rule_->retry.on_connect_failure || !cluster_->may_retry())
      co_return error;
    ++attempts_;
    worker_.recorder().block(route_metrics_).add(worker_.recorder().families().l4.retries);
    const std::uint64_t most = static_cast<std::uint64_t>(
        std::min(rule_->retry.backoff * (std::int64_t{1} << std::min(attempts_ - 1, 10U)),
                 rule_->retry.longest_backoff)
            .count());
    co_await loop().sleep_until(loop().now() +
                                Duration(static_cast<std::int64_t>(worker_.random().below(most + 1))));
    if (cut_) co_return our_error(ErrorKind::cancelled);
  }
}

io::Task<Error> StreamConnection::attempt(upstream::Endpoint& endpoint) {
  // The pool bounds connecting by connections.connect; this is for the wait for a free place.
  const TimePoint deadline = loop().now() + 2 * cluster_->config().pool.connect_timeout;
  Result<upstream::Lease> opened = co_await cluster_->open(endpoint, deadline, opening_);
  if (!opened) co_return opened.error();
  lease_ = std::move(*opened);
  if (cut_) co_return our_error(ErrorKind::cancelled);
  if (cluster_->config().proxy_protocol == l4::ProxyVersion::none) co_return Error{};
  const io::Address listener =
      destination_.family() == AF_UNSPEC ? io::local_address(socket_->fd()) : destination_;
  introducing_ = true;
  const Result<void> told = co_await cluster_->introduce(
      lease_, client_, listener, loop().now() + cluster_->config().pool.connect_timeout);
  introducing_ = false;
  co_return told ? Error{} : told.error();
}

io::Task<void> StreamConnection::relay() {
  const plan::Timeouts timeouts = rule_->timeouts;
  Pump pump(*stream_, lease_.stream(),
            {.idle = timeouts.stream_idle,
             .patience = port_.settings.write_timeout,
             .end = timeouts.request == Duration::zero() ? kNever : loop().now() + timeouts.request});
  listener_ = nullptr;
  rule_ = nullptr;
  plan_ = WorkerPlan::Pin();
  co_await pump.run(from_client_, from_upstream_);
  received_ += pump.to_upstream();
  sent_ += pump.to_client();
  reason_ = pump.reason();
  const bool by_upstream = reason_ == ErrorKind::upstream_reset || reason_ == ErrorKind::upstream_timeout;
  // An endpoint that resets a connection before it has said anything is taken for one that does not work.
  report(by_upstream && pump.to_client() == 0 ? upstream_error(reason_, Retry::never) : Error{});
  if (reason_ == ErrorKind::none) co_return;
  // What broke off on one side must not look whole on the other.
  stream_->abort();
  if (lease_) lease_.stream().abort();
}

void StreamConnection::report(const Error& error) noexcept {
  if (endpoint_ == nullptr) return;
  const Duration latency = connected_at_ - attempt_started_;
  const std::uint16_t status = error.kind == ErrorKind::none ? 200 : 0;
  cluster_->report(*endpoint_, {.error = error.kind, .status = status, .latency = latency});
  endpoint_ = nullptr;
}

// What the record needs of the plan and of the endpoint, which may both be gone in the end.
void StreamConnection::keep_names() {
  names_.clear();
  const auto add = [&](std::string_view name) {
    names_ += name;
    names_ += '\0';
  };
  add(listener_ != nullptr ? std::string_view(listener_->name) : std::string_view());
  add(rule_ != nullptr ? std::string_view(rule_->route) : std::string_view());
  add(rule_ != nullptr ? std::string_view(rule_->rule) : std::string_view());
  add(cluster_ != nullptr ? std::string_view(cluster_->config().name) : std::string_view());
  add(endpoint_ != nullptr ? upstream::name_of(*endpoint_) : std::string_view());
}

void StreamConnection::count_opened() noexcept {
  listener_metrics_ = worker_.recorder().connection_opened(port_);
  opened_ = true;
}

void StreamConnection::refuse(const Error& error) noexcept {
  report(error);
  reason_ = error.kind;
  detail_ = error.detail;
  if (plan_) worker_.recorder().refused(port_, error.kind);
  if (names_.empty()) keep_names();
  stream_->abort();
}

void StreamConnection::record() noexcept {
  Recorder& recorder = worker_.recorder();
  const Duration duration = loop().now() - started_;
  if (routed_) {
    observe::Block block = recorder.block(route_metrics_);
    const observe::L4Metrics& l4 = recorder.families().l4;
    block.add(l4.active_sessions, -1);
    block.add(l4.sessions.of(observe::reason(reason_)));
    block.observe(l4.duration, duration);
    block.add(l4.received_bytes, received_);
    block.add(l4.sent_bytes, sent_);
  }
  observe::AccessWriter* const log = recorder.log();
  if (log == nullptr) return;
  std::string_view names[5];
  std::size_t at = 0;
  for (std::string_view& name : names) {
    const std::size_t end = std::min(names_.find('\0', at), names_.size());
    name = std::string_view(names_).substr(std::min(at, names_.size()), end - std::min(at, end));
    at = end + 1;
  }
  const std::string client = client_.is_ip() ? client_.ip() : "unix";
  observe::AccessRecord line;
  line.start = started_;
  line.duration = duration;
  if (connected_at_ != TimePoint{}) line.upstream_duration = connected_at_ - attempt_started_;
  line.protocol = is_tls_ ? "TLS" : "TCP";
  line.attempts = static_cast<std::uint16_t>(tried_count_ == 0 ? 0 : attempts_ + 1);
  line.bytes_in = received_;
  line.bytes_out = sent_;
  line.response_flags = name_of(reason_);
  line.detail = detail_;
  line.listener = names[0];
  line.route = names[1];
  line.rule = names[2];
  line.upstream = names[3];
  line.endpoint = names[4];
  line.client = client;
  line.sni = server_name_.text();
  if (tls_ != nullptr) line.tls_version = tls_->protocol();
  log->record(line);
}

}  // namespace turnpike::proxy
