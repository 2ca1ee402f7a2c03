// Certificates and keys from PEM files: values of a Secret or ConfigMap that stand in files of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "resource/diagnostic.h"
#include "resource/meta.h"

namespace turnpike::resource {

// On a Secret or ConfigMap: "tls.crt=certs/shop.crt, tls.key=certs/shop.key". Paths are relative to the
// folder of the file that the resource stands in. What a file says wins over the same key under data.
inline constexpr std::string_view kFilesAnnotation = "turnpike.dev/files";

struct FileReference {
  std::string key;
  std::string path;
};
// Nothing if the text is not of this form: no key, no path, a key twice, or more than kMostReferences.
inline constexpr std::size_t kMostReferences = 16;
std::optional<std::vector<FileReference>> parse_file_references(std::string_view text);

// Puts the contents of files into resources. Used by one thread. Resources whose files did not change keep
// their objects from one load to the next.
class FileData {
 public:
  static constexpr std::size_t kMostBytes = 1024 * 1024;           // of one file
  static constexpr std::size_t kMostBytesInAll = 64 * kMostBytes;  // of all files of one load

  void begin_load() noexcept {
    ++load_;
    bytes_left_ = kMostBytesInAll;
  }
  // The object itself where it asks for no file; else a copy with what the files hold. What cannot be read is
  // told in `diagnostics`. The paths that were looked at, in vain too, go to `files`.
  std::shared_ptr<const Object> resolve(const std::shared_ptr<const Object>& object, const Origin& origin,
                                        std::vector<Diagnostic>& diagnostics,
                                        std::vector<std::string>& files);
  void end_load();

 private:
  using Contents = std::vector<std::pair<std::string, std::string>>;  // key, text
  struct Kept {
    std::shared_ptr<const Object> source;  // keeps its address from being used again
    Contents contents;
    std::shared_ptr<const Object> resolved;
    std::uint64_t load = 0;
  };
  std::uint64_t load_ = 0;
  std::size_t bytes_left_ = kMostBytesInAll;
  std::unordered_map<const Object*, Kept> kept_;
};

}  // namespace turnpike::resource
