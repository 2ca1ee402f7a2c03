// What a session allows its peer: the settings it announces, and the budgets for everything that costs us
// more than it costs the peer (principle 6).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace turnpike::http::h2 {

// What an attacker can make us do by frames alone. Each has a budget of so many events at once that refills
// with time; one that is spent ends the connection with ENHANCE_YOUR_CALM. h2/README.md says what each stands
// against, and what earns it back.
enum class Budget : std::uint8_t {
  client_reset,    // RST_STREAM of young streams without a response: "rapid reset", CVE-2023-44487
  provoked_reset,  // RST_STREAM that the peer made us send: "MadeYouReset", CVE-2025-8671
  continuation,    // CONTINUATION frames and bytes of one header block, CVE-2024-27316 and others
  header_list,     // decoded size of one header block: HPACK bombs, CVE-2016-6581
  ping,            // CVE-2019-9512
  settings,        // CVE-2019-9515
  priority,        // PRIORITY and PRIORITY_UPDATE, CVE-2019-9513
  empty_frame,     // DATA and CONTINUATION without content, unknown frames, CVE-2019-9518
  window_update,   // WINDOW_UPDATE beyond what our DATA explains, CVE-2019-9511
  closed_stream,   // frames for streams that have ended
  output,          // output that the peer makes us queue and does not read, CVE-2019-9517
  count_,
};
inline constexpr std::size_t kBudgets = static_cast<std::size_t>(Budget::count_);
// "client_reset": the label of the metric.
std::string_view name_of(Budget budget) noexcept;

// So many at once, and so many more each second.
struct Allowance {
  std::uint32_t burst;
  std::uint32_t per_second;
  bool operator==(const Allowance&) const = default;
};

struct Limits {
  // Announced as SETTINGS.
  std::uint32_t concurrent_streams = 128;  // that the peer may have open; more get REFUSED_STREAM
  std::uint32_t stream_window =
      256 * 1024;  // bytes of content in flight and unread per stream; at least 64 KiB - 1
  std::uint32_t frame_size = 16 * 1024;  // largest frame we take: 16 KiB to 16 MiB - 1
  std::uint32_t header_list =
      32 * 1024;  // decoded bytes of a field section, 32 added for each field: 431 for more
  std::uint32_t decoder_table = 4096;  // bytes of the peer's dynamic table, at most 64 KiB
  bool connect_protocol = true;        // server: announce extended CONNECT, RFC 8441
  // By WINDOW_UPDATE at the start: bytes of content in flight and unread on the whole connection.
  std::uint32_t connection_window = 1024 * 1024;

  // Of what we send.
  std::uint32_t encoder_table = 4096;     // bytes of our dynamic table at most; the peer may allow less
  std::size_t output_high = 64 * 1024;    // send_data() takes nothing while so much waits to be written
  std::size_t output_most = 1024 * 1024;  // of everything: more ends the connection (Budget::output)

  // Of one field section.
  std::uint32_t field_count = 128;               // 431
  std::uint32_t header_block = 64 * 1024;        // bytes as sent (compressed): Budget::continuation
  std::uint32_t continuations = 32;              // frames of one block: Budget::continuation
  std::uint32_t header_list_abuse = 256 * 1024;  // decoded size that ends the connection: Budget::header_list

  // Of frames; see Budget.
  Allowance client_resets{200, 100};
  // Streams older than this may be reset at will: a deadline has passed, which comes in storms of its own.
  // Who waits so long before each reset is bounded by `concurrent_streams`.
  std::chrono::milliseconds young_stream{100};
  Allowance provoked_resets{100, 20};
  Allowance pings{100, 10};
  Allowance settings{32, 2};
  Allowance priorities{1000, 100};
  Allowance empty_frames{100, 20};
  Allowance window_updates{1000, 200};
  Allowance closed_stream_frames{1000, 200};
  bool operator==(const Limits&) const = default;
};

}  // namespace turnpike::http::h2
