#include "grpc_server.h"

#include <memory>
#include <utility>
#include <vector>

#include "http/grpc/content_type.h"
#include "http/grpc/frame.h"
#include "http/grpc/health.h"
#include "mux/connection.h"
#include "proto.h"
#include "service.h"

namespace turnpike::demo {
namespace {

using namespace std::chrono_literals;
namespace grpc = http::grpc;

constexpr Duration kPatience = 30s;  // for the next bytes of a caller, and for it to take ours

// One call: its head, its stream, and the task that answers it.
struct Call {
  Arena arena;
  http::RequestHead head;
  std::unique_ptr<mux::Stream> stream;

  static io::Task<void> run(std::unique_ptr<Call> call, GrpcServer& server);
  io::Task<grpc::Status> answer(GrpcServer& server, Reply& reply);
  io::Task<bool> read_message(std::string& message);
};

class CallerConnection final : public mux::Handler {
 public:
  CallerConnection(GrpcServer& server, std::unique_ptr<io::SocketStream> stream)
      : server_(server),
        stream_(std::move(stream)),
        mux_(*stream_, http::h2::Role::server, limits_, {}, *this) {}

  static io::Task<void> run(std::unique_ptr<CallerConnection> connection) {
    co_await connection->mux_.run();
    connection->stream_->shutdown_write();
  }

  Arena& request_arena() override {
    next_ = std::make_unique<Call>();
    return next_->arena;
  }
  mux::Stream* on_request(http::RequestHead&& head) override {
    next_->head = head;
    next_->stream = std::make_unique<mux::Stream>(mux_);
    begun_.push_back(std::move(next_));
    return begun_.back()->stream.get();
  }
  void on_refused(const Error&, unsigned) override { next_.reset(); }
  void on_received() override {
    for (std::unique_ptr<Call>& call : std::exchange(begun_, {}))
      io::spawn(Call::run(std::move(call), server_));
  }
  void on_settings() override {}
  void on_stream_gone(std::size_t) override {}
  void on_closing() override {}

 private:
  GrpcServer& server_;
  const http::h2::Limits limits_{};
  std::unique_ptr<io::SocketStream> stream_;
  mux::Connection mux_;
  std::unique_ptr<Call> next_;
  std::vector<std::unique_ptr<Call>> begun_;
};

io::Task<void> Call::run(std::unique_ptr<Call> call, GrpcServer& server) {
  Reply reply(*call->stream);
  const grpc::Status status = co_await call->answer(server, reply);
  if (!reply.gone()) reply.finish(status, status == grpc::Status::ok ? "" : "see rates.proto", call->arena);
}

io::Task<grpc::Status> Call::answer(GrpcServer& server, Reply& reply) {
  if (grpc::kind_of(head.fields.value(http::FieldId::content_type)) != grpc::Kind::grpc)
    co_return grpc::Status::internal;
  std::string message;
  if (!co_await read_message(message)) co_return grpc::Status::invalid_argument;
  if (head.path == grpc::kHealthPath) {
    std::string serving;
    put_number(serving, 1, 1);
    co_await reply.send(serving);
    co_return grpc::Status::ok;
  }
  Faults& faults = server.faults();
  if (faults.latency() > Duration::zero())
    co_await reply.loop().sleep_until(reply.loop().now() + faults.latency());
  if (faults.strikes()) co_return grpc::Status::unavailable;
  co_return co_await server.role().call(head.path, message, reply);
}

// The only message of a call, without its prefix. False: none, several, compressed or too long.
io::Task<bool> Call::read_message(std::string& message) {
  grpc::FrameScan frames(GrpcServer::kMostMessage);
  while (co_await read_more(*stream, message, stream->loop().now() + kPatience)) {
    if (message.size() > GrpcServer::kMostMessage) co_return false;
  }
  if (stream->peer_closed() || frames.take(message).kind != ErrorKind::none) co_return false;
  if (frames.messages() != 1 || !frames.at_boundary() || message.front() != 0) co_return false;
  message.erase(0, grpc::kPrefixSize);
  co_return true;
}

}  // namespace

void Reply::send_head(bool end) {
  http::ResponseHead head;
  head.status = 200;
  head.fields.add(head_, http::FieldId::content_type, "application/grpc");
  if (end) {
    for (const http::Field& field : trailers_) head.fields.add(head_, field);
  }
  stream_.send_head(head, end);
  started_ = true;
}

io::Task<bool> Reply::send(std::string message) {
  if (!started_) send_head(false);
  char prefix[grpc::kPrefixSize];
  grpc::write_prefix({.flags = 0, .size = static_cast<std::uint32_t>(message.size())}, prefix);
  message.insert(0, prefix, sizeof prefix);
  co_return co_await write_all(stream_, message, loop().now() + kPatience);
}

void Reply::finish(grpc::Status status, std::string_view message, Arena& arena) {
  trailers_.add(arena, "grpc-status", grpc::digits_of(status));
  if (!message.empty()) trailers_.add(arena, "grpc-message", grpc::encode_message(message, arena));
  if (started_) {
    stream_.end_after(0, trailers_);
  } else {
    send_head(true);
  }
}

GrpcServer::GrpcServer(io::Loop& loop, int fd, GrpcRole& role, Faults& faults)
    : loop_(loop), role_(role), faults_(faults), acceptor_(loop, fd, *this) {}

void GrpcServer::on_accept(int fd, const io::Address&) {
  auto stream = std::make_unique<io::SocketStream>(loop_, fd);
  io::spawn(CallerConnection::run(std::make_unique<CallerConnection>(*this, std::move(stream))));
}

}  // namespace turnpike::demo
