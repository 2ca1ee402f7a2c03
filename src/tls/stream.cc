#include "tls/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "tls/callbacks.h"
#include "tls/setup.h"

namespace turnpike::tls {
namespace {

constexpr std::size_t kLargestRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// A record can be read only when its last byte is there. While TCP's window is small, at the start and after
// a pause, records that fit into one packet each let the reader begin with the first packet instead of a
// round trip later. What fits into the first window anyway gains nothing, and each record costs.
constexpr std::size_t kSmallRecord = 1369;
constexpr std::size_t kSmallBurst = 16 * 1024;
constexpr std::size_t kWorthSmall = 8 * 1024;
constexpr Duration kPause = std::chrono::seconds(1);
// KeyUpdates, tickets and alerts in a row, without a byte of data between them.
constexpr std::uint8_t kMostControlRecords = 64;

// Errors that some other code on this thread left behind would be taken for ours.
void forget_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<io::Stream> inner, const ServerContext& context)
    : inner_(std::move(inner)), is_server_(true), client_rules_(context.client_rules()) {
  open(context.get());
  SSL_set_accept_state(ssl_);
}

TlsStream::TlsStream(std::unique_ptr<io::Stream> inner, const ClientContext& context, SessionCache* sessions,
                     std::string_view session_key)
    : inner_(std::move(inner)),
      sessions_(sessions),
      session_key_(session_key),
      sni_(context.sni()),
      is_server_(false) {
  open(context.get());
  SSL_set_connect_state(ssl_);
  if (!sni_.empty()) SSL_set_tlsext_host_name(ssl_, sni_.c_str());
  if (sessions_ == nullptr) return;
  Session session = sessions_->take(session_key_);
  if (session == nullptr) return;
  SSL_set_session(ssl_, session.get());
  // One of TLS 1.2 serves again and again, and not each resumption brings a new one.
  if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION)
    sessions_->put(session_key_, std::move(session));
}

void TlsStream::open(ssl_ctx_st* context) {
  ssl_ = SSL_new(context);
  BIO* const bio = ssl_ != nullptr ? BIO_new(method()) : nullptr;
  if (bio == nullptr) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
}

TlsStream::~TlsStream() {
  // Without this OpenSSL would declare the session unfit, under a lock.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

int Callbacks::new_session(SSL* ssl, SSL_SESSION* session) noexcept {
  TlsStream& stream = stream_of(ssl);
  if (stream.sessions_ == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  stream.sessions_->put(stream.session_key_, Session(session));
  return 1;  // the reference is ours
}

void TlsStream::remember_failure() noexcept {
  failed_ = true;
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  if (reason != nullptr && failure_.empty()) failure_ = reason;
  ERR_clear_error();
}

Error TlsStream::handshake_error(int how) noexcept {
  const ErrorKind kind = is_server_ ? ErrorKind::client_tls : ErrorKind::upstream_tls;
  const ErrorSource source = is_server_ ? ErrorSource::client : ErrorSource::upstream;
  const auto say = [&](std::string_view detail) {
    return Error{kind, source, Retry::safe, failure_ = detail};
  };
  const int reason = how == SSL_ERROR_SSL ? ERR_GET_REASON(ERR_peek_error()) : 0;
  failed_ = true;
  if (how != SSL_ERROR_SSL) {
    ERR_clear_error();
    if (inner_ended_) return say("closed by the peer during the handshake");
    return say(inner_error_ == ECONNRESET ? "reset by the peer during the handshake"
                                          : "the connection broke");
  }
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      ERR_clear_error();
      return say("plain HTTP sent to a TLS port");
    case SSL_R_WRONG_VERSION_NUMBER:
      ERR_clear_error();
      return say("the peer does not speak TLS");
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      ERR_clear_error();
      return say(name_of_verify_error(SSL_get_verify_result(ssl_)));
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      ERR_clear_error();
      return say("the client showed no certificate");
    case SSL_R_CALLBACK_FAILED:
      ERR_clear_error();
      return say("no certificate for the name asked for");
    case SSL_R_NO_APPLICATION_PROTOCOL:
      ERR_clear_error();
      return say("no common ALPN protocol");
    default:
      break;
  }
  remember_failure();
  return say(failure_.empty() ? std::string_view("handshake failed") : failure_);
}

io::Task<Result<void>> TlsStream::handshake(TimePoint deadline) {
  for (;;) {
    forget_errors();
    const int done = SSL_do_handshake(ssl_);
    if (done == 1) break;
    const int how = SSL_get_error(ssl_, done);
    if (how != SSL_ERROR_WANT_READ && how != SSL_ERROR_WANT_WRITE)
      co_return std::unexpected(handshake_error(how));
    const io::Wait wait = how == SSL_ERROR_WANT_READ ? co_await inner_->readable(deadline)
                                                     : co_await inner_->writable(deadline);
    if (wait == io::Wait::ready) continue;
    failed_ = true;
    if (wait == io::Wait::cancelled)
      co_return std::unexpected(Error{ErrorKind::cancelled, ErrorSource::us, Retry::safe, {}});
    failure_ = "the handshake took too long";
    if (is_server_) co_return std::unexpected(client_error(ErrorKind::client_tls, failure_));
    co_return std::unexpected(upstream_error(ErrorKind::connect_timeout, Retry::safe, failure_));
  }
  more_ = true;  // the first data may have come with the last of the handshake
  co_return {};
}

// What a read that moved nothing means; `how` is of SSL_get_error.
TlsStream::Step TlsStream::after_failed_read(int how) noexcept {
  switch (how) {
    case SSL_ERROR_WANT_READ:
      if (read_starved_) return Step::wait;
      // A record without data: a KeyUpdate, a ticket, a warning.
      if (++control_records_ <= kMostControlRecords) return Step::again;
      failed_ = true;
      failure_ = "too many records without data";
      return Step::end;
    case SSL_ERROR_WANT_WRITE:
      read_wants_write_ = true;
      return Step::wait;
    case SSL_ERROR_ZERO_RETURN:
      closed_ = true;
      return Step::end;
    default:
      break;
  }
  if (inner_ended_ && how == SSL_ERROR_SYSCALL) {
    closed_ = truncated_ = true;
    ERR_clear_error();
    return Step::end;
  }
  remember_failure();
  return Step::end;
}

io::IoResult TlsStream::read(std::span<char> into) noexcept {
  std::size_t total = 0;
  more_ = read_wants_write_ = false;
  while (!closed_ && !failed_ && total < into.size()) {
    forget_errors();
    read_starved_ = false;
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_, into.data() + total, into.size() - total, &n);
    if (done == 1) {
      total += n;
      control_records_ = 0;
      if (total < into.size() && SSL_has_pending(ssl_) == 0 && !inner_->ready(io::Direction::read)) break;
      continue;
    }
    const Step step = after_failed_read(SSL_get_error(ssl_, done));
    if (step != Step::again) break;
  }
  if (total > 0 || into.empty()) {
    // A full buffer: there may be more. At the end: the next read tells.
    if (total == into.size()) more_ = true;
    return {total, total > 0 ? io::IoStatus::ok : io::IoStatus::would_block, 0};
  }
  if (failed_) return {0, io::IoStatus::error, inner_error_};
  return {0, closed_ ? io::IoStatus::eof : io::IoStatus::would_block, 0};
}

io::IoResult TlsStream::write_record(const char* data, std::size_t size) noexcept {
  forget_errors();
  std::size_t n = 0;
  const int done = SSL_write_ex(ssl_, data, size, &n);
  pending_record_ = 0;
  if (done == 1) {
    burst_ = static_cast<std::uint32_t>(std::min(burst_ + n, kSmallBurst));
    return {n, io::IoStatus::ok, 0};
  }
  const int how = SSL_get_error(ssl_, done);
  if (how == SSL_ERROR_WANT_WRITE || how == SSL_ERROR_WANT_READ) {
    pending_record_ = static_cast<std::uint32_t>(size);
    return {0, io::IoStatus::would_block, 0};
  }
  remember_failure();
  return {0, io::IoStatus::error, inner_error_};
}

// How many bytes go into the next record of a write of `offered`. One that waits for the transport keeps its
// size.
std::size_t TlsStream::record_size(std::size_t offered) noexcept {
  if (pending_record_ != 0) return pending_record_;
  const TimePoint now = inner_->loop().now();
  if (now - written_at_ >= kPause) burst_ = 0;
  written_at_ = now;
  return burst_ < kSmallBurst && offered >= kWorthSmall ? kSmallRecord : kLargestRecord;
}

io::IoResult TlsStream::write(std::span<const iovec> from) noexcept {
  thread_local char scratch[kLargestRecord];
  if (failed_) return {0, io::IoStatus::error, inner_error_};
  std::size_t offered = 0;
  for (const iovec& piece : from) offered += piece.iov_len;
  std::size_t total = 0;
  std::size_t part = 0;
  std::size_t offset = 0;  // within from[part]
  for (;;) {
    while (part < from.size() && offset == from[part].iov_len) {
      ++part;
      offset = 0;
    }
    if (part == from.size()) return {total, io::IoStatus::ok, 0};
    const char* data = static_cast<const char*>(from[part].iov_base) + offset;
    const std::size_t most = record_size(offered);
    std::size_t size = std::min(from[part].iov_len - offset, most);
    if (size < most && part + 1 < from.size()) {
      // What is in pieces goes into one record.
      std::memcpy(scratch, data, size);
      for (std::size_t i = part + 1; i < from.size() && size < most; ++i) {
        const std::size_t n = std::min(from[i].iov_len, most - size);
        if (n > 0) std::memcpy(scratch + size, from[i].iov_base, n);
        size += n;
      }
      data = scratch;
    }
    const io::IoResult result = write_record(data, size);
    if (result.status != io::IoStatus::ok) {
      if (total > 0) return {total, io::IoStatus::ok, 0};
      return result;
    }
    total += result.bytes;
    for (std::size_t left = result.bytes; left > 0;) {
      const std::size_t n = std::min(left, from[part].iov_len - offset);
      offset += n;
      left -= n;
      if (offset == from[part].iov_len && left > 0) {
        ++part;
        offset = 0;
      }
    }
  }
}

bool TlsStream::ready(io::Direction direction) const noexcept {
  if (failed_) return true;
  if (direction == io::Direction::write) return inner_->ready(io::Direction::write);
  if (closed_ || more_) return true;
  return inner_->ready(read_wants_write_ ? io::Direction::write : io::Direction::read);
}

// The waiter itself lies in the stream below, in the direction that TLS waits for. Two may want the same one
// (a read that must write first, and a write): then the later is parked and takes the place when it is free.
void TlsStream::set_waiter(io::Direction direction, io::Waiter* waiter) noexcept {
  const auto index = static_cast<std::size_t>(direction);
  if (waiter == nullptr) {
    if (parked_ != nullptr && parked_direction_ == direction) {
      parked_ = nullptr;
      return;
    }
    if (!waiting_[index]) return;
    waiting_[index] = false;
    inner_->set_waiter(below_[index], nullptr);
    if (parked_ != nullptr) set_waiter(parked_direction_, std::exchange(parked_, nullptr));
    return;
  }
  below_[index] = direction == io::Direction::read && read_wants_write_ ? io::Direction::write : direction;
  if (waiting_[1 - index] && below_[1 - index] == below_[index]) {
    parked_ = waiter;
    parked_direction_ = direction;
    return;
  }
  waiting_[index] = true;
  inner_->set_waiter(below_[index], waiter);
}

void TlsStream::shutdown_write() noexcept {
  forget_errors();
  if (!failed_ && SSL_is_init_finished(ssl_) == 1 && (SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) == 0) {
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  inner_->shutdown_write();
}

void TlsStream::abort() noexcept {
  failed_ = true;
  inner_->abort();
}

std::string_view TlsStream::alpn() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view TlsStream::protocol() const noexcept { return SSL_get_version(ssl_); }
std::string_view TlsStream::cipher() const noexcept {
  const char* name = SSL_get_cipher_name(ssl_);
  return name != nullptr ? name : "";
}
bool TlsStream::resumed() const noexcept { return SSL_session_reused(ssl_) == 1; }

std::optional<Peer> TlsStream::peer() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return std::nullopt;
  const long result = SSL_get_verify_result(ssl_);
  return Peer{crypto::Certificate(certificate), result == X509_V_OK, name_of_verify_error(result)};
}

}  // namespace turnpike::tls
