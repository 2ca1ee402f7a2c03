#include "proxy/http2_connection.h"

#include <utility>

#include "proxy/connection.h"
#include "proxy/http2_request.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

mux::Timeouts timeouts_of(const plan::ClientSettings& settings) noexcept {
  return {.settings = settings.head_timeout, .idle = settings.idle_timeout, .write = settings.write_timeout};
}

}  // namespace

Http2Connection::Http2Connection(ClientConnection& connection)
    : connection_(connection),
      limits_(connection.slot().port().settings.http2),
      mux_(connection.stream(), http::h2::Role::server, limits_,
           timeouts_of(connection.slot().port().settings), static_cast<mux::Handler&>(*this)) {}

Http2Connection::~Http2Connection() = default;

io::Task<After> Http2Connection::run() {
  co_await mux_.run();
  connection_.count(mux_.received(), mux_.sent());
  count_resets();
  const ErrorKind why = mux_.error().kind;
  if (why != ErrorKind::http2_error && why != ErrorKind::http2_flood) co_return After::close;
  connection_.worker().recorder().violation(connection_.metrics(), mux_.session().spent());
  co_return After::linger;  // so that the client reads why before it sees the end
}

Arena& Http2Connection::request_arena() {
  next_ = std::make_unique<Http2Request>(*this);
  return next_->exchange().arena();
}

mux::Stream* Http2Connection::on_request(http::RequestHead&& head) {
  mux::Stream& stream = next_->open(std::move(head));
  connection_.request_begins();
  connection_.worker().recorder().stream_opened(connection_.metrics());
  if (!connection_.may_go_on()) mux_.drain();
  (begun_last_ != nullptr ? begun_last_->next : begun_first_) = next_.get();
  begun_last_ = next_.release();
  return &stream;
}

void Http2Connection::on_refused(const Error& error, unsigned status) {
  connection_.request_begins();
  if (next_ == nullptr) request_arena();  // it was refused before its head was looked at
  next_->exchange().record_refused(error, status);
  next_.reset();
  if (mux_.streams() == 0) connection_.requests_ended();
}

// What was reset before it began costs no more than that.
void Http2Connection::on_received() {
  while (begun_first_ != nullptr) {
    std::unique_ptr<Http2Request> request(begun_first_);
    begun_first_ = request->next;
    if (begun_first_ == nullptr) begun_last_ = nullptr;
    if (request->stream().peer_closed()) {
      request->exchange().record_refused(client_error(ErrorKind::client_closed), 0);
      continue;
    }
    io::spawn(Http2Request::run(std::move(request)));
  }
}

void Http2Connection::on_stream_gone(std::size_t streams) {
  connection_.worker().recorder().stream_closed(connection_.metrics());
  count_resets();
  if (streams == 0) connection_.requests_ended();
}

void Http2Connection::count_resets() noexcept {
  const std::uint64_t received = mux_.resets_received() - resets_counted_[0];
  const std::uint64_t sent = mux_.resets_sent() - resets_counted_[1];
  if (received + sent == 0) return;
  connection_.worker().recorder().resets(connection_.metrics(), received, sent);
  resets_counted_[0] += received;
  resets_counted_[1] += sent;
}

}  // namespace turnpike::proxy
