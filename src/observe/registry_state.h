// What a Registry keeps of metrics and series. Internal to observe/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "observe/metrics.h"

namespace turnpike::observe {

struct Registry::Metric {
  std::string name;
  std::string help;
  Type type = Type::counter;
  std::uint32_t group = 0;
  std::uint16_t offset = 0;
  unsigned decimals = 0;
  std::string variant_label;
  std::vector<std::string> variants;
};

struct Registry::Entry {
  std::string labels;
  GroupState* group = nullptr;
  std::uint32_t cell = 0;
  std::uint32_t holders = 0;
  TimePoint retired = kNever;  // when expire() first saw it without holders
};

struct Registry::GroupState {
  std::vector<std::string> labels;
  std::uint32_t cells = 0;  // of a block
  std::unordered_map<std::string_view, std::unique_ptr<Entry>, StringHash, std::equal_to<>> entries;
  std::vector<std::uint32_t> free_blocks;
  std::vector<const Entry*> sorted;  // made anew when empty
};

}  // namespace turnpike::observe
