#include "proxy/date.h"

namespace turnpike::proxy {

void DateText::refresh(TimePoint now) noexcept {
  using namespace std::chrono;
  const auto wall = system_clock::now();
  const std::time_t seconds = system_clock::to_time_t(wall);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::strftime(text_, sizeof text_, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  const auto into_second = duration_cast<nanoseconds>(wall - floor<std::chrono::seconds>(wall));
  next_ = now + (1s - into_second);
}

}  // namespace turnpike::proxy
