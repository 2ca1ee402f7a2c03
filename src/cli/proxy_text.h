// `turnpike proxy`: the configuration that stands for its two options.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "cli/values.h"

namespace turnpike::cli {

// Gateway, HTTPRoute and Backend as YAML, as a user would write them (and BackendTLSPolicy for https). All of
// `to` must agree in scheme. The error is for people.
std::expected<std::string, std::string> proxy_text(std::uint16_t listen_port,
                                                   std::span<const std::string> to);

}  // namespace turnpike::cli
