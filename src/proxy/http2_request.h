// One stream of a client's HTTP/2 connection, with the exchange that serves it.
#pragma once

#include <memory>
#include <optional>

#include "base/free_list.h"
#include "io/task.h"
#include "mux/stream.h"
#include "proxy/client.h"
#include "proxy/exchange.h"

namespace turnpike::proxy {

class Http2Connection;

class Http2Request final : public Client {
 public:
  explicit Http2Request(Http2Connection& owner);
  static void* operator new(std::size_t size) { return free_list_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_list_release(memory, size); }

  Exchange& exchange() noexcept { return exchange_; }
  // Its head is here: joins the connection.
  mux::Stream& open(http::RequestHead&& head);
  // Serves it.
  static io::Task<void> run(std::unique_ptr<Http2Request> request);

  void write_head(const ResponsePlan& plan, Arena& arena, Iovecs& out) override;
  void end_content(std::size_t left, const http::Fields& trailers) override;

  Http2Request* next = nullptr;  // Http2Connection's list

 private:
  Http2Connection& owner_;
  std::optional<mux::Stream> content_;
  Exchange exchange_;
};

}  // namespace turnpike::proxy
