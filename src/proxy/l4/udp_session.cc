#include "proxy/l4/udp_session.h"

#include <algorithm>
#include <cerrno>

#include "observe/access_log.h"
#include "proxy/l4/choose.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

using namespace std::chrono_literals;

namespace {
// So many batches of one endpoint before others have a turn.
constexpr int kBatchesPerTurn = 4;
// While the worker drains: a client that is silent for so long has finished.
constexpr Duration kDrainIdle = 2s;

Error refused_error(int error) noexcept {
  return upstream_error(error == ECONNREFUSED ? ErrorKind::connect_refused : ErrorKind::connect_failed,
                        Retry::safe);
}
}  // namespace

UdpSession::UdpSession(UdpPort& port, const UdpPort::Key& its_key, const io::Datagram& first)
    : key(its_key),
      port_(port),
      client_(first.peer),
      local_(first.local),
      started_(port.worker_.loop().now()),
      last_(started_) {
  listener_metrics_ = port_.worker_.recorder().connection_opened(port_.slot_.port());
  port_.worker_.add_session();
  port_.slot_.connection_opened();
}

UdpSession::~UdpSession() {
  if (endpoint_ != nullptr) {
    const bool failed = reason_ == ErrorKind::connect_refused || reason_ == ErrorKind::connect_failed;
    cluster_->report(*endpoint_, {.error = failed ? reason_ : ErrorKind::none,
                                  .status = static_cast<std::uint16_t>(failed ? 0 : 200),
                                  .latency = {}});
  }
  record();
  port_.worker_.recorder().connection_closed(listener_metrics_, received_, sent_);
  port_.worker_.remove_session();
  port_.slot_.connection_closed();
}

Error UdpSession::open() {
  const plan::Listener& listener = port_.slot_.port().listeners.front();
  const std::uint32_t found = listener.l4.hosts.find({});
  if (found == route::HostIndex::kNone) return client_error(ErrorKind::no_route);
  const plan::L4Routes::Target& target = listener.l4.targets[found];
  WorkerPlan& plan = *port_.slot_.plan();
  const plan::Rule& rule = plan.plan().rules[target.rule];
  route_metrics_ = target.metrics;
  const plan::BackendChoice* backend = choose_by_weight(rule, port_.worker_.random());
  if (backend == nullptr || backend->cluster == plan::BackendChoice::kInvalid)
    return our_error(ErrorKind::no_backend);
  cluster_ = &plan.cluster(backend->cluster);
  const Error error = connect(rule);
  if (error.kind != ErrorKind::none) return error;
  routed_ = true;
  idle_ = rule.timeouts.stream_idle;
  listener_ = listener.name;
  route_ = rule.route;
  rule_ = rule.rule;
  upstream_ = cluster_->config().name;
  endpoint_name_ = upstream::name_of(*endpoint_);
  Recorder& recorder = port_.worker_.recorder();
  recorder.block(route_metrics_).add(recorder.families().l4.active_sessions, 1);
  if (idle_ != Duration::zero()) port_.worker_.loop().timers().arm(*this, last_ + idle_);
  return {};
}

Error UdpSession::connect(const plan::Rule& rule) {
  cluster_->count_request();
  upstream::Pick pick{.hash = hash_of_client(rule, client_, port_.worker_.random())};
  const Result<upstream::Endpoint*> chosen = cluster_->choose(pick);
  if (!chosen) return chosen.error();
  endpoint_ = *chosen;
  const int fd = io::connect_for_datagrams(upstream::address_of(*endpoint_));
  if (fd < 0) {
    const Error error = refused_error(errno);
    reason_ = error.kind;
    return error;
  }
  socket_.emplace(port_.worker_.loop(), fd, static_cast<io::UdpSocket::Handler&>(*this));
  return {};
}

void UdpSession::forward(const io::Datagram& datagram) {
  last_ = port_.worker_.loop().now();
  received_ += datagram.data.size();
  Recorder& recorder = port_.worker_.recorder();
  observe::Block block = recorder.block(route_metrics_);
  block.add(recorder.families().l4.datagrams.of(0));
  const int error = socket_->send({datagram.data.data(), datagram.data.size()});
  if (error == 0) return;
  block.add(recorder.families().l4.datagrams.of(2));
  // What an earlier datagram met comes back with a later one.
  if (error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH) fail(error);
}

// Datagrams of the endpoint: the kernel lets no one else's through.
void UdpSession::on_datagrams(io::UdpSocket& socket) {
  Recorder& recorder = port_.worker_.recorder();
  observe::Block block = recorder.block(route_metrics_);
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    int error = 0;
    const std::size_t count = socket.receive(port_.batch_, error);
    if (count == 0) {
      if (error != 0) fail(error);
      return;
    }
    const std::span<const io::Datagram> datagrams = port_.batch_.received();
    const std::size_t sent = port_.socket_.send_to(client_, local_, datagrams);
    for (const io::Datagram& datagram : datagrams.first(sent)) sent_ += datagram.data.size();
    block.add(recorder.families().l4.datagrams.of(1), sent);
    if (sent < count) block.add(recorder.families().l4.datagrams.of(2), count - sent);
    if (count < io::DatagramBatch::kMost) return;
  }
}

// Nobody listens at the endpoint: the client's next datagram opens a session with another one.
void UdpSession::fail(int error) {
  reason_ = refused_error(error).kind;
  port_.end(*this);
}

void UdpSession::on_timer() {
  const TimePoint end = last_ + idle_;
  if (port_.worker_.loop().now() < end) return port_.worker_.loop().timers().arm(*this, end);
  port_.end(*this);
}

void UdpSession::count_displaced() noexcept {
  Recorder& recorder = port_.worker_.recorder();
  recorder.block(route_metrics_).add(recorder.families().l4.sessions_displaced);
}

void UdpSession::hurry() noexcept {
  idle_ = idle_ == Duration::zero() ? kDrainIdle : std::min(idle_, kDrainIdle);
  port_.worker_.loop().timers().arm(*this, last_ + idle_);
}

void UdpSession::record() noexcept {
  if (!routed_) return;
  Recorder& recorder = port_.worker_.recorder();
  const Duration duration = port_.worker_.loop().now() - started_;
  observe::Block block = recorder.block(route_metrics_);
  const observe::L4Metrics& l4 = recorder.families().l4;
  block.add(l4.active_sessions, -1);
  block.add(l4.sessions.of(observe::reason(reason_)));
  block.observe(l4.duration, duration);
  block.add(l4.received_bytes, received_);
  block.add(l4.sent_bytes, sent_);
  observe::AccessWriter* const log = recorder.log();
  if (log == nullptr) return;
  const std::string client = client_.ip();
  observe::AccessRecord line;
  line.start = started_;
  line.duration = duration;
  line.protocol = "UDP";
  line.attempts = 1;
  line.bytes_in = received_;
  line.bytes_out = sent_;
  line.response_flags = name_of(reason_);
  line.listener = listener_;
  line.route = route_;
  line.rule = rule_;
  line.upstream = upstream_;
  line.endpoint = endpoint_name_;
  line.client = client;
  log->record(line);
}

}  // namespace turnpike::proxy
