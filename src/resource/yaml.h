// YAML (and with it JSON) text to a tree of nodes that know where they stand. yaml-cpp is included by yaml.cc
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "resource/meta.h"

namespace turnpike::resource {

// Bounds for text that may be hostile. Going over one is an error with a position.
struct YamlLimits {
  std::size_t depth = 64;
  std::size_t nodes = 1'000'000;  // of one document, aliases counted as what they stand for
  // Brackets, commas and other indicators of one document. yaml-cpp may hold a token of 200 bytes for each of
  // them before it hands out the first (a flow collection on one line might be a key).
  std::size_t indicators = 2'000'000;
};

// A value of a document. Lives in its Document's arena; texts too.
struct Node {
  enum class Type : std::uint8_t {
    null,    // absent, ~ or null
    plain,   // written without quotes: may be a number or a boolean
    quoted,  // always text; block scalars as well
    sequence,
    mapping,
  };

  Type type = Type::null;
  std::uint32_t size = 0;  // number of children
  Mark mark;
  Mark key_mark;          // in a mapping: of the key
  std::string_view key;   // in a mapping
  std::string_view text;  // of a scalar
  Node* first = nullptr;
  Node* next = nullptr;

  bool scalar() const noexcept { return type == Type::plain || type == Type::quoted; }
  // The child with this key; null if there is none or this is no mapping.
  const Node* find(std::string_view name) const noexcept;

  struct Iterator {
    const Node* at;
    const Node& operator*() const noexcept { return *at; }
    Iterator& operator++() noexcept {
      at = at->next;
      return *this;
    }
    bool operator!=(const Iterator& other) const noexcept { return at != other.at; }
  };
  Iterator begin() const noexcept { return {first}; }
  Iterator end() const noexcept { return {nullptr}; }
};

// Why a text is no YAML that we read.
struct YamlError {
  Mark mark;
  std::string message;
  std::string hint;
};

// One parsed document; owns its nodes.
class Document {
 public:
  // Reads `text`, which must hold one document at most. Never throws. Call once.
  std::optional<YamlError> parse(std::string_view text, const YamlLimits& limits = {});
  // Null if the document holds nothing (comments only).
  const Node* root() const noexcept { return root_; }

 private:
  Arena arena_;
  const Node* root_ = nullptr;
};

}  // namespace turnpike::resource
