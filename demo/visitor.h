// What a person in the demo asks the campus through the gateway, where curl has no words for it.
#pragma once

#include <cstdint>
#include <string_view>

#include "io/address.h"

namespace turnpike::demo {

// Each runs its own loop, prints what comes to stdout, and answers with an exit code: 1 with a word on
// stderr.

// One gRPC call, campus.Rates/Convert.
int convert(const io::Address& gateway, std::uint64_t cents, std::string_view from, std::string_view to);
// The payments' WebSocket, until it or the person ends it.
int watch_feed(const io::Address& gateway);

}  // namespace turnpike::demo
