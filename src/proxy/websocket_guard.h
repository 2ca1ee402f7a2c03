// Watches a WebSocket that is pumped through: pings ends that have fallen silent and ends the tunnel when
// they stay so, and says good-bye to both ends when the tunnel is ended by us. Frames pass as they are.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "http/websocket/scanner.h"
#include "io/loop.h"
#include "proxy/pump.h"

namespace turnpike::proxy {

class WebSocketGuard final : public Pump::Observer, private io::Timer {
 public:
  // `ping`: an end that has said nothing for so long is asked, and the tunnel ends when it says nothing for
  // as long again; 0: nobody is asked. `pump` must outlive it.
  WebSocketGuard(Pump& pump, io::Loop& loop, Random& random, Duration ping);
  WebSocketGuard(const WebSocketGuard&) = delete;
  WebSocketGuard& operator=(const WebSocketGuard&) = delete;
  ~WebSocketGuard() override = default;

  // Close frames (1001, going away) were sent.
  bool said_goodbye() const noexcept { return said_goodbye_; }

  std::size_t on_bytes(Way from, std::span<char> bytes) override;
  std::string_view ahead(Way way) const noexcept override;
  void wrote_ahead(Way way, std::size_t size) noexcept override;
  void on_end(ErrorKind reason) override;

 private:
  // A direction, named by who sends.
  struct Direction {
    explicit Direction(http::websocket::Sender sender) noexcept : scanner(sender) {}
    http::websocket::Scanner scanner;
    TimePoint heard{};     // when its sender last said anything
    TimePoint asked{};     // when a ping, ours or the other end's, last went to its sender
    bool probing = false;  // our ping, or the other end's, has not been followed by a word
    // Goes before what came: bytes held back, a ping, a close frame. There is one of each at most.
    std::array<char, 64> ahead{};
    std::uint8_t ahead_size = 0;
  };

  void on_timer() override;
  // Whether the sender of `way` is taken for alive.
  bool look_after(Way way);
  void put_control(Way way, http::websocket::Opcode opcode, std::string_view content);
  bool may_put(Way way) const noexcept;
  Direction& direction(Way way) noexcept { return way == Way::up ? up_ : down_; }
  const Direction& direction(Way way) const noexcept { return way == Way::up ? up_ : down_; }

  Pump& pump_;
  io::Loop& loop_;
  Random& random_;
  const Duration ping_;
  http::websocket::PingMark mark_;
  Direction up_{http::websocket::Sender::client};
  Direction down_{http::websocket::Sender::server};
  bool said_goodbye_ = false;
};

}  // namespace turnpike::proxy
