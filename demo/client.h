// One call from a sample service to another, over a connection of its own.
#pragma once

#include <optional>
#include <string>

#include "io/address.h"
#include "service.h"

namespace turnpike::demo {

struct Call {
  std::string method;
  std::string host;
  std::string target;
  std::string body;
};

// The answer; nothing when there is none within two seconds. Passes the caller's request id and trace on.
io::Task<std::optional<Response>> call(io::Loop& loop, const io::Address& to, const Call& what,
                                       const Request& cause);

}  // namespace turnpike::demo
