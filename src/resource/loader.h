// From files to a Store.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resource/diagnostic.h"
#include "resource/store.h"

namespace turnpike::resource {

// What reading a configuration gives. With errors the store holds what could be read and must not be served.
struct Loaded {
  std::shared_ptr<const Store> store;
  std::vector<Diagnostic> diagnostics;  // ordered by file and position

  bool ok() const noexcept { return !has_errors(diagnostics); }
};

// One text with a name for messages; for tests, for generated configurations and for sources other than
// files.
Loaded load_text(std::string_view text, std::string_view file = "config.yaml");

}  // namespace turnpike::resource
