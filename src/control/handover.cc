#include "control/handover.h"

#include <algorithm>
#include <cstring>

namespace turnpike::control::handover {
namespace {

// Packet: "TP", version, type, then fields: tag (2 bytes), length (4), value. Numbers are little-endian.
constexpr std::string_view kMagic = "TP";
constexpr std::size_t kHeader = 4;
constexpr std::size_t kFieldHeader = 6;

enum class Tag : std::uint16_t {
  process_generation = 1,
  configuration_generation,
  rotate_tickets_in,
  current_ticket_key,
  previous_ticket_key,
  socket_count,
  socket,
  taken,
  text,
};

constexpr std::size_t kTicketKey = sizeof(tls::TicketKey);
static_assert(kTicketKey == 80, "three arrays without padding");

template <class Int>
void put(std::string& out, Int value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
}

template <class Int>
Int get(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Int); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return static_cast<Int>(value);
}

void put_field(std::string& out, Tag tag, std::string_view value) {
  put(out, static_cast<std::uint16_t>(tag));
  put(out, static_cast<std::uint32_t>(value.size()));
  out.append(value);
}

template <class Int>
void put_number(std::string& out, Tag tag, Int value) {
  std::string bytes;
  put(bytes, value);
  put_field(out, tag, bytes);
}

void put_key(std::string& out, Tag tag, const tls::TicketKey& key) {
  put_field(out, tag, {reinterpret_cast<const char*>(&key), sizeof key});
}

void put_state(std::string& out, const State& state) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(state.rotate_tickets_in).count();
  put_number(out, Tag::process_generation, state.process_generation);
  put_number(out, Tag::configuration_generation, state.configuration_generation);
  put_number(out, Tag::rotate_tickets_in, static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)));
  put_key(out, Tag::current_ticket_key, state.current);
  if (state.previous) put_key(out, Tag::previous_ticket_key, *state.previous);
  put_number(out, Tag::socket_count, state.sockets);
}

template <class Int>
bool read_number(std::string_view value, Int& out) {
  if (value.size() != sizeof(Int)) return false;
  out = get<Int>(value);
  return true;
}

bool read_key(std::string_view value, tls::TicketKey& out) {
  if (value.size() != kTicketKey) return false;
  std::memcpy(&out, value.data(), kTicketKey);
  return true;
}

bool read_rotation(std::string_view value, Duration& out) {
  constexpr std::uint64_t kMost = 1000ULL * 3600 * 24 * 365;  // a year: there is no overflow below
  std::uint64_t ms = 0;
  if (!read_number(value, ms) || ms > kMost) return false;
  out = std::chrono::milliseconds(ms);
  return true;
}

bool read_socket(std::string_view value, std::vector<SocketEntry>& out) {
  if (value.empty() || value.size() - 1 > kMostKey || out.size() >= kSocketsPerPacket) return false;
  const auto use = static_cast<std::uint8_t>(value.front());
  if (use < static_cast<std::uint8_t>(Use::listener) || use > static_cast<std::uint8_t>(Use::admin))
    return false;
  out.push_back({static_cast<Use>(use), std::string(value.substr(1))});
  return true;
}

bool read_taken(std::string_view value, std::vector<std::uint32_t>& out) {
  if (value.size() % 4 != 0 || value.size() / 4 > kMostSockets || !out.empty()) return false;
  for (; !value.empty(); value.remove_prefix(4)) {
    const auto number = get<std::uint32_t>(value);
    if (number >= kMostSockets || (!out.empty() && number <= out.back())) return false;
    out.push_back(number);
  }
  return true;
}

bool read_text(std::string_view value, std::string& out) {
  if (value.size() > kMostText) return false;
  out = value;
  return true;
}

bool read_field(std::uint16_t tag, std::string_view value, Message& out) {
  switch (static_cast<Tag>(tag)) {
    case Tag::process_generation:
      return read_number(value, out.state.process_generation);
    case Tag::configuration_generation:
      return read_number(value, out.state.configuration_generation);
    case Tag::rotate_tickets_in:
      return read_rotation(value, out.state.rotate_tickets_in);
    case Tag::current_ticket_key:
      return read_key(value, out.state.current);
    case Tag::previous_ticket_key:
      return read_key(value, out.state.previous.emplace());
    case Tag::socket_count:
      return read_number(value, out.state.sockets) && out.state.sockets <= kMostSockets;
    case Tag::socket:
      return read_socket(value, out.sockets);
    case Tag::taken:
      return read_taken(value, out.taken);
    case Tag::text:
      return read_text(value, out.text);
  }
  return true;  // of a later release
}

}  // namespace

std::string encode(const Message& message) {
  std::string out(kMagic);
  out += static_cast<char>(kVersion);
  out += static_cast<char>(message.type);
  if (message.type == Type::state) put_state(out, message.state);
  for (const SocketEntry& entry : message.sockets) {
    put_field(out, Tag::socket, std::string(1, static_cast<char>(entry.use)) + entry.key);
  }
  if (!message.taken.empty()) {
    std::string numbers;
    for (const std::uint32_t number : message.taken) put(numbers, number);
    put_field(out, Tag::taken, numbers);
  }
  if (!message.text.empty()) put_field(out, Tag::text, std::string_view(message.text).substr(0, kMostText));
  return out;
}

std::expected<Message, std::string> decode(std::string_view packet) {
  if (packet.size() < kHeader || packet.size() > kMostPacket || !packet.starts_with(kMagic))
    return std::unexpected("not a message of an upgrade");
  const auto version = static_cast<std::uint8_t>(packet[2]);
  if (version != kVersion) {
    return std::unexpected("the other program speaks version " + std::to_string(version) +
                           " of the hand-over, this one " + std::to_string(kVersion) +
                           ": upgrade by way of a release between them, or restart");
  }
  const auto type = static_cast<std::uint8_t>(packet[3]);
  if (type < static_cast<std::uint8_t>(Type::state) || type > static_cast<std::uint8_t>(Type::failed))
    return std::unexpected("unknown message " + std::to_string(type));
  Message message;
  message.type = static_cast<Type>(type);
  packet.remove_prefix(kHeader);
  while (!packet.empty()) {
    if (packet.size() < kFieldHeader) return std::unexpected("a field is not whole");
    const auto tag = get<std::uint16_t>(packet);
    const auto length = get<std::uint32_t>(packet.substr(2));
    packet.remove_prefix(kFieldHeader);
    if (length > packet.size()) return std::unexpected("a field is not whole");
    if (!read_field(tag, packet.substr(0, length), message))
      return std::unexpected("field " + std::to_string(tag) + " is not as it should be");
    packet.remove_prefix(length);
  }
  return message;
}

}  // namespace turnpike::control::handover
