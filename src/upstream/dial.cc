#include "upstream/dial.h"

#include <utility>

#include "io/socket.h"
#include "tls/stream.h"

namespace turnpike::upstream {

io::Task<Result<std::unique_ptr<io::Stream>>> Dial::run(io::Loop& loop, const io::Address& to,
                                                        std::shared_ptr<const tls::ClientContext> tls,
                                                        tls::SessionCache* sessions, TimePoint deadline) {
  auto connected = co_await io::connect(loop, to, deadline, &waiting_);
  if (!connected) co_return std::unexpected(connected.error());
  if (cancelled_) co_return std::unexpected(Error{ErrorKind::cancelled, ErrorSource::us, Retry::safe, {}});
  if (!tls) co_return std::unique_ptr<io::Stream>(std::move(*connected));
  auto stream = std::make_unique<tls::TlsStream>(std::move(*connected), *tls, sessions,
                                                 sessions != nullptr ? to.text() : std::string());
  waiting_ = stream.get();
  const Result<void> shaken = co_await stream->handshake(deadline);
  waiting_ = nullptr;
  if (!shaken) co_return std::unexpected(shaken.error());
  co_return std::unique_ptr<io::Stream>(std::move(stream));
}

void Dial::cancel() noexcept {
  cancelled_ = true;
  if (waiting_ != nullptr) waiting_->cancel();
}

}  // namespace turnpike::upstream
