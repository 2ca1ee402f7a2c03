// TLS over any stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/certificate.h"
#include "io/stream.h"
#include "io/task.h"
#include "tls/context.h"
#include "tls/session_cache.h"

struct ssl_st;         // OpenSSL's SSL
struct bio_st;         // OpenSSL's BIO
struct bio_method_st;  // OpenSSL's BIO_METHOD

namespace turnpike::tls {

// The other side's certificate.
struct Peer {
  crypto::Certificate certificate;
  bool verified = false;     // false only with ClientValidation::insecure_fallback or verification off
  std::string_view problem;  // why not; a literal
};

// Owns the stream below. handshake() comes first, then it is read and written like any other. After a write
// that would block the next one must begin with the same bytes (they are encrypted already).
class TlsStream final : public io::Stream {
 public:
  // The contexts need not outlive the stream; `sessions` must.
  TlsStream(std::unique_ptr<io::Stream> inner, const ServerContext& context);
  TlsStream(std::unique_ptr<io::Stream> inner, const ClientContext& context, SessionCache* sessions = nullptr,
            std::string_view session_key = {});
  ~TlsStream() override;

  // To be awaited once, before all else. Errors: client_tls as a server; as a client upstream_tls and, past
  // the deadline, connect_timeout (both Retry::safe); cancelled. The detail says what the matter was.
  io::Task<Result<void>> handshake(TimePoint deadline);

  io::IoResult read(std::span<char> into) noexcept override;
  io::IoResult write(std::span<const iovec> from) noexcept override;
  using Stream::write;
  void cancel() noexcept override { inner_->cancel(); }
  bool cancelled() const noexcept override { return inner_->cancelled(); }
  // close_notify, then FIN.
  void shutdown_write() noexcept override;
  void abort() noexcept override;
  bool peer_closed() const noexcept override { return closed_ || inner_->peer_closed(); }
  void set_hangup_listener(io::HangupListener* listener) noexcept override {
    inner_->set_hangup_listener(listener);
  }
  bool ready(io::Direction direction) const noexcept override;
  void set_waiter(io::Direction direction, io::Waiter* waiter) noexcept override;
  io::Loop& loop() noexcept override { return inner_->loop(); }

  // Whether the peer's direction ended without close_notify: what was read may be cut (RFC 8446 §6.1).
  bool truncated() const noexcept override { return truncated_; }

  // What the handshake came to; valid as long as the stream.
  // The name that the client asked for, in lower case; empty if none. As a client: the one we sent.
  std::string_view sni() const noexcept { return sni_; }
  std::string_view alpn() const noexcept;      // empty: none
  std::string_view protocol() const noexcept;  // "TLSv1.3"
  std::string_view cipher() const noexcept;    // "TLS_AES_128_GCM_SHA256"
  bool resumed() const noexcept;
  // Nothing if the peer showed no certificate.
  std::optional<Peer> peer() const;

  // ServerContext::client_rules() of the listener as it was at the handshake.
  std::uint64_t client_rules() const noexcept { return client_rules_; }
  // Before a handshake failed: whether the client had sent anything, and whether it looks like HTTP without
  // TLS.
  bool peer_spoke() const noexcept { return first_byte_ != 0; }
  bool peer_spoke_http() const noexcept { return first_byte_ >= 'A' && first_byte_ <= 'Z'; }
  // The stream below, which peer_spoke_http() may be answered on; nothing else may be called afterwards.
  std::unique_ptr<io::Stream> give_up_tls() noexcept { return std::move(inner_); }

  // Why a read or write gave IoStatus::error, if it was TLS's doing; a literal.
  std::string_view failure() const noexcept { return failure_; }
  // OpenSSL's own, for tests.
  ssl_st* native() const noexcept { return ssl_; }

 private:
  friend struct Callbacks;  // what OpenSSL calls
  static bio_method_st* method();
  void open(ssl_ctx_st* context);
  enum class Step : std::uint8_t { again, wait, end };
  Step after_failed_read(int how) noexcept;
  io::IoResult write_record(const char* data, std::size_t size) noexcept;
  std::size_t record_size(std::size_t offered) noexcept;
  Error handshake_error(int how) noexcept;
  void remember_failure() noexcept;

  std::unique_ptr<io::Stream> inner_;
  ssl_st* ssl_ = nullptr;
  SessionCache* sessions_ = nullptr;
  std::string session_key_;
  std::string sni_;
  io::Waiter* parked_ = nullptr;  // waits for the same direction of `inner_` as the other waiter
  io::Direction parked_direction_ = io::Direction::read;
  io::Direction below_[2] = {io::Direction::read,
                             io::Direction::write};  // where each direction's waiter lies in inner_
  bool waiting_[2] = {false, false};
  char first_byte_ = 0;  // of what the peer sent
  bool is_server_;
  bool more_ = false;  // the last read may have left decrypted bytes
  bool read_wants_write_ = false;
  bool write_blocked_ = false;  // inner_ took less than all
  bool read_starved_ = false;   // inner_ had nothing for OpenSSL during this call
  bool failed_ = false;
  bool inner_ended_ = false;  // inner_ has come to its EOF
  bool closed_ = false;       // close_notify or EOF has come
  bool truncated_ = false;
  std::uint8_t control_records_ = 0;  // in a row, without a byte of data
  int inner_error_ = 0;               // errno of inner_
  std::uint64_t client_rules_ = 0;
  TimePoint written_at_{};            // the last record
  std::uint32_t burst_ = 0;           // bytes written since the connection was idle
  std::uint32_t pending_record_ = 0;  // size of the record that the transport has not taken yet
  std::string_view failure_;
};

}  // namespace turnpike::tls
