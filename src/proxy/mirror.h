// A copy of a request, sent on its own to another backend; its response is read and dropped (RequestMirror).
#pragma once

#include <memory>
#include <string>

#include "base/arena.h"
#include "http/message.h"
#include "io/task.h"
#include "proxy/buffer.h"
#include "proxy/worker_plan.h"

namespace turnpike::mux {
class Stream;
}

namespace turnpike::proxy {

class MirroredRequest {
 public:
  // Bound of copies under way in one worker: a slow mirror must not hold more than this.
  static constexpr unsigned kMostUnderWay = 1024;

  // `bytes`: head and content as an upstream of HTTP/1.1 gets them.
  MirroredRequest(WorkerPlan::Pin plan, upstream::Cluster& cluster, http::Method method,
                  std::string bytes) noexcept
      : plan_(std::move(plan)), cluster_(cluster), method_(method), bytes_(std::move(bytes)) {}
  // Where the upstream may speak HTTP/2: the head and the content as such. Copies them.
  void keep(const http::RequestHead& head, std::string content, const http::Fields& trailers);

  static io::Task<void> run(std::unique_ptr<MirroredRequest> request, io::Loop& loop, unsigned& under_way);

 private:
  io::Task<upstream::Outcome> send(upstream::Endpoint& endpoint, io::Loop& loop);
  io::Task<upstream::Outcome> send_stream(mux::Stream& stream, TimePoint start, TimePoint deadline);

  WorkerPlan::Pin plan_;
  upstream::Cluster& cluster_;
  http::Method method_;
  std::string bytes_;
  Arena arena_;
  http::RequestHead head_;
  std::string content_;
  http::Fields trailers_;
  Buffer answer_;
};

}  // namespace turnpike::proxy
