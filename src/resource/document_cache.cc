#include "resource/document_cache.h"

#include <random>

#include "base/hash.h"

namespace turnpike::resource {

DocumentCache::DocumentCache(DecodeOptions options, YamlLimits limits)
    : options_(std::move(options)), limits_(limits) {
  std::random_device entropy;
  for (std::uint64_t& seed : seeds_) seed = std::uint64_t{entropy()} << 32 | entropy();
}

std::shared_ptr<const Decoded> DocumentCache::get(std::string_view text) {
  const Key key{hash_bytes(text, seeds_[0]), hash_bytes(text, seeds_[1]), text.size()};
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    found->second.load = load_;
    return found->second.decoded;
  }
  auto decoded = parse(text);
  entries_.emplace(key, Entry{decoded, load_});
  return decoded;
}

std::shared_ptr<const Decoded> DocumentCache::parse(std::string_view text) {
  ++parsed_;
  Document document;
  if (auto error = document.parse(text, limits_)) {
    Decoded failed;
    failed.findings.push_back(
        {Severity::error, error->mark, std::move(error->message), std::move(error->hint), {}});
    return std::make_shared<const Decoded>(std::move(failed));
  }
  if (document.root() == nullptr) return std::make_shared<const Decoded>();
  return std::make_shared<const Decoded>(decode_document(*document.root(), options_));
}

void DocumentCache::end_load() {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.load != load_; });
}

}  // namespace turnpike::resource
