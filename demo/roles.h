// The four services of the payment campus.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "io/address.h"
#include "service.h"

namespace turnpike::demo {

// Null for a name that is not shop, payments, ledger or users. `gateway` is where payments finds the ledger:
// through the gateway, like everybody else.
std::unique_ptr<Role> make_role(std::string_view name, io::Loop& loop, std::optional<io::Address> gateway);

}  // namespace turnpike::demo
