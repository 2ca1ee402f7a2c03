// What is read of a packet, written anew, is read as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/handover.h"

using namespace turnpike::control::handover;

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = decode({reinterpret_cast<const char*>(data), size});
  if (!message) {
    check(!message.error().empty());
    return 0;
  }
  check(message->sockets.size() <= kSocketsPerPacket && message->taken.size() <= kMostSockets);
  check(message->text.size() <= kMostText && message->state.sockets <= kMostSockets);
  const auto again = decode(encode(*message));
  check(again.has_value() && again->type == message->type && again->sockets == message->sockets);
  check(again->taken == message->taken && again->text == message->text);
  if (message->type == Type::state) {
    check(again->state.process_generation == message->state.process_generation);
    check(again->state.rotate_tickets_in == message->state.rotate_tickets_in);
    check(again->state.previous.has_value() == message->state.previous.has_value());
  }
  return 0;
}
