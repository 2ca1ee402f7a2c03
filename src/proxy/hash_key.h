// The key of consistent hashing, as the route says.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "http/message.h"
#include "plan/plan.h"

namespace turnpike::proxy {

// A request without the header or cookie gets a random key: it is spread evenly.
std::uint64_t hash_key(const plan::Rule& rule, const http::RequestHead& request, std::string_view client_ip,
                       Random& random);

// The value of a cookie in all Cookie fields, "" if there is none (RFC 6265 §5.4).
std::string_view cookie_value(const http::Fields& fields, std::string_view name) noexcept;

}  // namespace turnpike::proxy
