// What a backendRef names, before traffic policies and TLS: a port of a Service with its EndpointSlices, or a
// Backend.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "resource/diagnostic.h"
#include "resource/store.h"
#include "upstream/config.h"

namespace turnpike::plan {

// What is sent to a backend, as far as it decides which of its ports can take it.
enum class Transport : std::uint8_t { http, tcp, udp };

struct BackendSource {
  std::shared_ptr<const upstream::ClusterConfig> config;  // null: it cannot be used
  std::string port_name;                                  // of the Service
  std::string_view reason;                                // of ResolvedRefs=False
  std::string message;
};

// Sources by name, with what they were made from: equal resources at equal places give the same configuration
// as before. Not thread-safe: belongs to one Compiler.
class BackendCache {
 public:
  struct Kept {
    std::vector<std::shared_ptr<const resource::Object>> resources;
    resource::Position position;
    BackendSource source;
    std::size_t place = 0;    // of resources.front() in its table at last: mostly it is there still
    std::uint64_t round = 0;  // the compilation that looked at it last
    std::uint32_t slot = 0;   // its number in that compilation, for the caller
  };

  // The entry of this key, made if there is none. Valid until the end of the compilation.
  Kept& at(std::string_view key);
  std::uint64_t round() const noexcept { return round_; }
  // Forgets, now and then, what was not looked at.
  void end_of_compilation();

 private:
  std::unordered_map<std::string, Kept, StringHash, std::equal_to<>> kept_;
  std::uint64_t round_ = 1;
};

// "namespace/name:port", with the initial of the kind before it and what is not HTTP behind it ("/tcp").
void backend_key(const resource::BackendObjectReference& reference, std::string_view namespace_,
                 Transport transport, std::string& key);

// Brings `kept`, the entry of backend_key(), up to date with the store. The reference names a Service or a
// Backend in `namespace_`. Warns of a Service without endpoints.
void refresh(const resource::Store& store, const resource::BackendObjectReference& reference,
             std::string_view namespace_, Transport transport, std::string_view key, BackendCache::Kept& kept,
             std::vector<resource::Diagnostic>& diagnostics);

// "file:line".
std::string file_and_line(const resource::Position& position);

}  // namespace turnpike::plan
