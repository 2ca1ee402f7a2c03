// --ports-file: where everything listens, for programs that start Turnpike on ports of the kernel's choice.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "control/ports.h"
#include "plan/plan.h"

namespace turnpike::control {

// {"generation": 1, "listeners": [{"gateway": "default/shop", "listener": "http", "port": 8080, "address":
// "127.0.0.1:41234"}], "admin": "127.0.0.1:9901"}. A listener on all addresses is shown by the loopback
// address, where it can be reached. `admin` is null when it is off.
std::string ports_text(const plan::Plan& plan, const Ports& ports, const std::string& admin);

// Replaces the file at once: a reader sees the old text or the new one, never a part. The error is for
// people.
std::expected<void, std::string> write_atomically(const std::string& path, const std::string& text);

}  // namespace turnpike::control
