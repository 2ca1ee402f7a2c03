// One attempt to connect: TCP (or a Unix socket), then TLS where the upstream has it.
#pragma once

#include <memory>

#include "base/error.h"
#include "io/address.h"
#include "io/stream.h"
#include "io/task.h"

namespace turnpike::tls {
class ClientContext;
class SessionCache;
}  // namespace turnpike::tls

namespace turnpike::upstream {

// Lies in the frame of the coroutine that connects, or beside it; one run() at a time.
class Dial {
 public:
  Dial() noexcept = default;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // `deadline` bounds all of it. Errors: connect_*, upstream_tls (all Retry::safe), cancelled. `tls` may be
  // null, and so may `sessions`, which must outlive the stream; `to` must live until the task ends.
  io::Task<Result<std::unique_ptr<io::Stream>>> run(io::Loop& loop, const io::Address& to,
                                                    std::shared_ptr<const tls::ClientContext> tls,
                                                    tls::SessionCache* sessions, TimePoint deadline);
  // Ends run() early, from within this call where it waits for the network. Final.
  void cancel() noexcept;

 private:
  io::Stream* waiting_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace turnpike::upstream
