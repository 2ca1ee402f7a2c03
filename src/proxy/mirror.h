// A copy of a request, sent on its own to another backend; its response is read and dropped (RequestMirror).
#pragma once

#include <memory>
#include <string>

#include "http/message.h"
#include "io/task.h"
#include "proxy/buffer.h"
#include "proxy/worker_plan.h"

namespace turnpike::proxy {

class MirroredRequest {
 public:
  // Bound of copies under way in one worker: a slow mirror must not hold more than this.
  static constexpr unsigned kMostUnderWay = 1024;

  MirroredRequest(WorkerPlan::Pin plan, upstream::Cluster& cluster, http::Method method,
                  std::string bytes) noexcept
      : plan_(std::move(plan)), cluster_(cluster), method_(method), bytes_(std::move(bytes)) {}

  static io::Task<void> run(std::unique_ptr<MirroredRequest> request, io::Loop& loop, unsigned& under_way);

 private:
  io::Task<upstream::Outcome> send(upstream::Endpoint& endpoint, io::Loop& loop);

  WorkerPlan::Pin plan_;
  upstream::Cluster& cluster_;
  http::Method method_;
  std::string bytes_;  // head and content as the upstream gets them
  Buffer answer_;
};

}  // namespace turnpike::proxy
