// How Gateway API settles which of several resources goes first.
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>

#include "resource/meta.h"

namespace turnpike::plan {

// The older first, then the first by namespace and name; those without a time of creation are the youngest.
inline std::tuple<std::int64_t, std::string_view, std::string_view> precedence_of(
    const resource::ObjectMeta& meta) noexcept {
  return {meta.creation_timestamp.value_or(INT64_MAX), meta.namespace_, meta.name};
}

}  // namespace turnpike::plan
