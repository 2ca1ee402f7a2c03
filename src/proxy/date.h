// The Date field's text (RFC 9110 §5.6.7), formatted once a second.
#pragma once

#include <ctime>
#include <string_view>

#include "base/time.h"

namespace turnpike::proxy {

class DateText {
 public:
  // "Sun, 06 Nov 1994 08:49:37 GMT"; valid until the next call. `now` is the loop's.
  std::string_view at(TimePoint now) noexcept {
    if (now >= next_) refresh(now);
    return {text_, 29};
  }

 private:
  void refresh(TimePoint now) noexcept;
  TimePoint next_{};
  char text_[32] = {};
};

}  // namespace turnpike::proxy
