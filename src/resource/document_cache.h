// Remembers decoded documents by their text, so that after an edit only what changed is parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "resource/decode.h"
#include "resource/yaml.h"

namespace turnpike::resource {

// Used by one thread. Entries that one load did not ask for are dropped at its end.
class DocumentCache {
 public:
  explicit DocumentCache(DecodeOptions options, YamlLimits limits = {});

  void begin_load() noexcept { ++load_; }
  // The contents of a document; parses it unless the same text was read in this load or the one before.
  std::shared_ptr<const Decoded> get(std::string_view text);
  void end_load();

  std::size_t size() const noexcept { return entries_.size(); }
  // Documents parsed since the beginning, for tests and for metrics.
  std::uint64_t parsed() const noexcept { return parsed_; }

 private:
  // 128 bits with secret seeds and the length: nobody can make two texts collide.
  struct Key {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t size;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return key.a; }
  };
  struct Entry {
    std::shared_ptr<const Decoded> decoded;
    std::uint64_t load;
  };

  std::shared_ptr<const Decoded> parse(std::string_view text);

  DecodeOptions options_;
  YamlLimits limits_;
  std::uint64_t seeds_[2];
  std::uint64_t load_ = 0;
  std::uint64_t parsed_ = 0;
  std::unordered_map<Key, Entry, KeyHash> entries_;
};

}  // namespace turnpike::resource
