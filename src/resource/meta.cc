#include "resource/meta.h"

#include <algorithm>

#include "resource/kubernetes.h"

namespace turnpike::resource {

std::string Position::text() const {
  std::string out = file ? *file : "?";
  if (line != 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out;
}

bool Position::operator==(const Position& other) const noexcept {
  if (line != other.line || column != other.column) return false;
  return file == other.file || (file && other.file && *file == *other.file);
}

std::string& StringMap::operator[](std::string_view key) {
  for (Entry& entry : entries_) {
    if (entry.first == key) return entry.second;
  }
  return entries_.emplace_back(std::string(key), std::string()).second;
}

bool LabelSelector::matches(const StringMap& labels) const noexcept {
  for (const auto& [key, value] : match_labels) {
    const std::string* label = labels.find(key);
    if (label == nullptr || *label != value) return false;
  }
  return std::all_of(
      match_expressions.begin(), match_expressions.end(), [&](const LabelSelectorRequirement& want) {
        using Operator = LabelSelectorRequirement::Operator;
        const std::string* label = labels.find(want.key);
        const auto listed = [&] {
          return std::find(want.values.begin(), want.values.end(), *label) != want.values.end();
        };
        switch (want.op) {
          case Operator::in:
            return label != nullptr && listed();
          case Operator::not_in:
            return label == nullptr || !listed();
          case Operator::exists:
            return label != nullptr;
          case Operator::does_not_exist:
            return label == nullptr;
        }
        return false;
      });
}

std::string EndpointSlice::service_name() const {
  const std::string* name = meta.labels.find("kubernetes.io/service-name");
  return name == nullptr ? std::string() : *name;
}

}  // namespace turnpike::resource
