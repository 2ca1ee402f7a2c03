// For tests only: both ends of an HTTP/2 connection over a pipe in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/pipe.h"
#include "io/testing.h"
#include "mux/connection.h"

namespace turnpike::mux {

// A server that keeps the streams of its requests until they are taken.
class TestServer final : public Handler {
 public:
  struct Request {
    Arena arena;
    http::RequestHead head;
    std::unique_ptr<Stream> stream;
  };

  Connection* connection = nullptr;
  std::vector<std::unique_ptr<Request>> requests;
  unsigned refused = 0;
  bool closing = false;

  Arena& request_arena() override {
    next_ = std::make_unique<Request>();
    return next_->arena;
  }
  Stream* on_request(http::RequestHead&& head) override {
    next_->head = head;
    next_->stream = std::make_unique<Stream>(*connection);
    Stream* const stream = next_->stream.get();
    requests.push_back(std::move(next_));
    return stream;
  }
  void on_refused(const Error&, unsigned) override { ++refused; }
  void on_received() override {}
  void on_settings() override {}
  void on_stream_gone(std::size_t) override {}
  void on_closing() override { closing = true; }

 private:
  std::unique_ptr<Request> next_;
};

class TestClient final : public Handler {
 public:
  unsigned gone = 0;
  bool closing = false;

  Arena& request_arena() override { return none_; }
  Stream* on_request(http::RequestHead&&) override { return nullptr; }
  void on_refused(const Error&, unsigned) override {}
  void on_received() override {}
  void on_settings() override {}
  void on_stream_gone(std::size_t) override { ++gone; }
  void on_closing() override { closing = true; }

 private:
  Arena none_;
};

// Counts the writes of a stream.
class CountingStream final : public io::Stream {
 public:
  explicit CountingStream(std::unique_ptr<io::Stream> inner) : inner_(std::move(inner)) {}
  unsigned writes = 0;

  io::IoResult read(std::span<char> into) noexcept override { return inner_->read(into); }
  io::IoResult write(std::span<const iovec> from) noexcept override {
    ++writes;
    return inner_->write(from);
  }
  using io::Stream::write;
  void cancel() noexcept override { inner_->cancel(); }
  bool cancelled() const noexcept override { return inner_->cancelled(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void abort() noexcept override { inner_->abort(); }
  bool peer_closed() const noexcept override { return inner_->peer_closed(); }
  void set_hangup_listener(io::HangupListener* listener) noexcept override {
    inner_->set_hangup_listener(listener);
  }
  bool ready(io::Direction direction) const noexcept override { return inner_->ready(direction); }
  void set_waiter(io::Direction direction, io::Waiter* waiter) noexcept override {
    inner_->set_waiter(direction, waiter);
  }
  io::Loop& loop() noexcept override { return inner_->loop(); }

 private:
  std::unique_ptr<io::Stream> inner_;
};

}  // namespace turnpike::mux
