// How configurations are read, by every command alike.
#pragma once

#include <string_view>

#include "resource/loader.h"
#include "route/expression.h"

namespace turnpike::control {

// Regular expressions are judged where they are written: an error has their line and column.
inline resource::LoadOptions load_options() {
  resource::LoadOptions options;
  options.decode.check_expression = [](std::string_view text) { return route::expression_error(text); };
  return options;
}

}  // namespace turnpike::control
