// What happens to upstreams, into the event log.
#pragma once

#include "observe/log.h"
#include "upstream/events.h"

namespace turnpike::control {

class UpstreamLog final : public upstream::Events {
 public:
  explicit UpstreamLog(observe::Log& log) noexcept : log_(log) {}
  void on_event(const upstream::Event& event) override;

 private:
  observe::Log& log_;
};

}  // namespace turnpike::control
