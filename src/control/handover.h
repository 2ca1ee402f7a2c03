// What a running process and its successor say to each other during an upgrade: messages as packets. No
// socket here, and nothing is believed: each bound below is checked when a packet is read.
//
//   old                              new
//   state, sockets… (descriptors) ->
//                                 <- ready (which sockets it takes), or failed (why)
//   go                            ->
//                                 <- serving
//   (drains)
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "tls/tickets.h"

namespace turnpike::control::handover {

// A successor refuses a version that it does not know; fields that it does not know it passes over.
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kMostSockets = 16384;    // of all packets together
inline constexpr std::size_t kSocketsPerPacket = 64;  // SCM_RIGHTS takes 253
inline constexpr std::size_t kMostKey = 512;          // bytes
inline constexpr std::size_t kMostText = 16 * 1024;   // bytes; longer ones are cut
inline constexpr std::size_t kMostPacket = 64 * 1024 + 1024;

enum class Type : std::uint8_t { state = 1, sockets, ready, go, serving, failed };

// What a listening socket is for.
enum class Use : std::uint8_t {
  listener = 1,  // of a port; `key` is plan::Port::key()
  activated,     // given by the service manager; belongs to whoever listens on its address
  admin,
};

struct SocketEntry {
  Use use = Use::listener;
  std::string key;
  bool operator==(const SocketEntry&) const = default;
};

struct State {
  std::uint64_t process_generation = 0;  // of the sender: how many upgrades there were before it
  std::uint64_t configuration_generation = 0;
  Duration rotate_tickets_in{};  // whole milliseconds
  tls::TicketKey current{};
  std::optional<tls::TicketKey> previous;
  std::uint32_t sockets = 0;  // that will follow
};

struct Message {
  Type type = Type::go;
  State state;                       // state
  std::vector<SocketEntry> sockets;  // sockets: one for each descriptor that comes with the packet, in order
  std::vector<std::uint32_t> taken;  // ready: numbers of sockets, counted over all packets, ascending
  std::string text;                  // failed
};

std::string encode(const Message& message);
// The error says what is wrong with the packet.
std::expected<Message, std::string> decode(std::string_view packet);

}  // namespace turnpike::control::handover
