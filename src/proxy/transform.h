// What changes content on its way through a BodyPipe.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "http/fields.h"

namespace turnpike::proxy {

class Transform {
 public:
  // A new round: what was returned before has been written and may be overwritten. At most `most` bytes of
  // content come before the next round.
  virtual void begin_round(std::size_t most) = 0;
  // Turns `data` into `out`, which may be `data` itself or empty; it stays as it is until the next round.
  virtual Error take(std::string_view data, std::string_view& out) = 0;
  // The content has ended: what is still to come of it. `trailers` are those that came; what is left in them
  // goes on as trailers.
  virtual Error end(http::Fields& trailers, Arena& arena, std::string_view& out) = 0;

 protected:
  ~Transform() = default;
};

}  // namespace turnpike::proxy
