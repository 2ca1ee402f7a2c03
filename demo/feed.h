// A WebSocket that tells everybody who watches what happens (RFC 6455).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/socket.h"
#include "io/task.h"

namespace turnpike::demo {

class Feed {
 public:
  static constexpr std::size_t kMostWatchers = 1000;
  static constexpr std::size_t kMostFrame = 4096;  // bytes that a client may send at once

  Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // One text message to each watcher. Who does not read fast enough to take it is cut off.
  void publish(std::string_view text);
  // Answers the handshake with this Sec-WebSocket-Key and serves until either side ends; `buffer` holds what
  // was read behind the handshake.
  io::Task<void> serve(io::SocketStream& stream, std::string& buffer, std::string_view key);

 private:
  std::vector<io::SocketStream*> watchers_;
};

// The value of Sec-WebSocket-Accept that answers a key (§4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace turnpike::demo
