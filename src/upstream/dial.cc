#include "upstream/dial.h"

#include <utility>

#include "io/socket.h"

namespace turnpike::upstream {
namespace {
Error cancelled() noexcept { return {ErrorKind::cancelled, ErrorSource::us, Retry::safe, {}}; }
}  // namespace

io::Task<Result<std::unique_ptr<io::Stream>>> Dial::run(io::Loop& loop, const io::Address& to,
                                                        std::shared_ptr<const tls::ClientContext> tls,
                                                        TimePoint deadline) {
  auto connected = co_await io::connect(loop, to, deadline, &waiting_);
  if (!connected) co_return std::unexpected(connected.error());
  if (cancelled_) co_return std::unexpected(cancelled());
  std::unique_ptr<io::Stream> stream = std::move(*connected);
  if (tls) {
    co_return std::unexpected(
        Error{ErrorKind::upstream_tls, ErrorSource::us, Retry::safe, "TLS is not built in"});
  }
  co_return stream;
}

void Dial::cancel() noexcept {
  cancelled_ = true;
  if (waiting_ != nullptr) waiting_->cancel();
}

}  // namespace turnpike::upstream
