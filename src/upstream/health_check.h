// Active health checks of one endpoint, on the control thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/loop.h"
#include "io/task.h"
#include "upstream/config.h"
#include "upstream/dial.h"
#include "upstream/shared_endpoint.h"

namespace turnpike::upstream {

class Registry;

// Asks the endpoint over a connection of its own, at once and then in intervals (with jitter). The first
// answer decides; after that it takes so many in a row as the thresholds say. Sets the endpoint's kUnhealthy
// bit.
class HealthCheck final : private io::Timer {
 public:
  class Listener {
   public:
    // The bit has changed. `detail` says why.
    virtual void on_health(SharedEndpoint& endpoint, bool healthy, std::string_view detail) = 0;

   protected:
    ~Listener() = default;
  };

  HealthCheck(Registry& registry, std::shared_ptr<const ClusterConfig> config,
              std::shared_ptr<SharedEndpoint> endpoint, Listener& listener);
  // Breaks off a check that is under way.
  ~HealthCheck() override;

  // At most so many checks of the process run at a time; the others come a little later.
  static constexpr unsigned kMostAtOnce = 256;

 private:
  void on_timer() override;
  io::Task<void> check();
  // Empty when the endpoint is well, else what is wrong. *alive_ must be looked at before anything else
  // afterwards.
  io::Task<std::string_view> probe(TimePoint deadline);
  io::Task<std::string_view> ask(io::Stream& stream, TimePoint deadline);
  io::Task<std::string_view> ask_http2(io::Stream& stream, TimePoint deadline);
  io::Task<std::string_view> ask_grpc(io::Stream& stream, TimePoint deadline);
  std::string host() const;
  std::string request() const;
  std::string_view judge_status(unsigned status) const noexcept;
  std::string_view judge_status_line(std::string_view line) const noexcept;
  void note(std::string_view problem);
  void again() noexcept;

  Registry& registry_;
  const std::shared_ptr<const ClusterConfig> config_;
  const std::shared_ptr<SharedEndpoint> endpoint_;
  Listener& listener_;
  Dial* dial_ = nullptr;          // while it connects
  io::Stream* stream_ = nullptr;  // while it is asked
  // Emptied by the destructor: a check that could not be broken off at once must not touch us when it goes
  // on.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  unsigned successes_ = 0;  // in a row
  unsigned failures_ = 0;
  bool first_ = true;
};

}  // namespace turnpike::upstream
