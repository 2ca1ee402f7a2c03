#include "http/h2/codes.h"

#include <array>

#include "http/h2/limits.h"

namespace turnpike::http::h2 {

std::string_view name_of(ErrorCode code) noexcept {
  static constexpr std::array<std::string_view, 14> kNames = {"NO_ERROR",
                                                              "PROTOCOL_ERROR",
                                                              "INTERNAL_ERROR",
                                                              "FLOW_CONTROL_ERROR",
                                                              "SETTINGS_TIMEOUT",
                                                              "STREAM_CLOSED",
                                                              "FRAME_SIZE_ERROR",
                                                              "REFUSED_STREAM",
                                                              "CANCEL",
                                                              "COMPRESSION_ERROR",
                                                              "CONNECT_ERROR",
                                                              "ENHANCE_YOUR_CALM",
                                                              "INADEQUATE_SECURITY",
                                                              "HTTP_1_1_REQUIRED"};
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

std::string_view name_of(Budget budget) noexcept {
  static constexpr std::array<std::string_view, kBudgets> kNames = {
      "client_reset", "provoked_reset", "continuation",  "header_list",   "ping",  "settings",
      "priority",     "empty_frame",    "window_update", "closed_stream", "output"};
  const auto index = static_cast<std::size_t>(budget);
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

}  // namespace turnpike::http::h2
