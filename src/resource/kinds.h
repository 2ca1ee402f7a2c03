// The list of kinds: what a document may be.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "resource/meta.h"
#include "resource/schema.h"

namespace turnpike::resource {

struct KindInfo {
  Kind kind;
  std::string_view group;
  std::string_view name;
  std::span<const std::string_view> versions;  // accepted ones, the current one first
  bool namespaced;
  const Struct& (*schema)();
  std::shared_ptr<Object> (*make)();
};

// In the order of the enumeration Kind.
std::span<const KindInfo> all_kinds();

}  // namespace turnpike::resource
