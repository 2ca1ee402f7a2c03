// How badly a sample service behaves, changed while it runs: PUT /faults?latency=200ms&errors=0.3
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/time.h"

namespace turnpike::demo {

class Faults {
 public:
  // Reads "latency=200ms&errors=0.3"; what is not named stays. The error says what is wrong.
  std::optional<std::string> change(std::string_view query);

  Duration latency() const noexcept { return latency_; }
  // Rolls the dice: whether this request fails with 503.
  bool strikes() noexcept;
  // {"latency_ms":200,"errors":0.3}
  std::string text() const;

 private:
  Duration latency_{};
  double errors_ = 0;  // share of requests, 0 to 1
  Random random_{0x5eed};
};

}  // namespace turnpike::demo
