// One attempt to connect: TCP (or a Unix socket), then TLS where the upstream has it.
#pragma once

#include <memory>

#include "base/error.h"
#include "io/address.h"
#include "io/stream.h"
#include "io/task.h"

namespace turnpike::tls {
class ClientContext;
}

namespace turnpike::upstream {

// Lies in the frame of the coroutine that connects; neither copied nor moved.
class Dial {
 public:
  Dial() noexcept = default;
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // `deadline` bounds all of it. Errors: connect_*, upstream_tls (Retry::safe, all), cancelled. `tls` may be
  // null; it must live until the task ends, and so must `to`.
  io::Task<Result<std::unique_ptr<io::Stream>>> run(io::Loop& loop, const io::Address& to,
                                                    std::shared_ptr<const tls::ClientContext> tls,
                                                    TimePoint deadline);
  // Ends run() early, from within this call where it waits for the network.
  void cancel() noexcept;

 private:
  io::Stream* waiting_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace turnpike::upstream
