// An HTTP/1 connection as the side that asked: heads are text in front of the content.
#pragma once

#include "proxy/client.h"

namespace turnpike::proxy {

class Http1Client final : public Client {
 public:
  // The stream may be set later, but before the first exchange.
  explicit Http1Client(ClientConnection& connection) noexcept : Client(connection, nullptr) {}

  void set_stream(io::Stream& stream) noexcept { stream_ = &stream; }
  std::uint64_t sent() const noexcept { return sent_; }

  void write_head(const ResponsePlan& plan, Arena& arena, Iovecs& out) override;
  void end_content(std::size_t, const http::Fields&) override {}
};

}  // namespace turnpike::proxy
