// Time as the program sees it: one monotonic clock, read once per turn of a worker's loop (io::Loop::now).
#pragma once

#include <chrono>

namespace turnpike {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// "No deadline".
inline constexpr TimePoint kNever = TimePoint::max();

}  // namespace turnpike
