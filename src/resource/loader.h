// From files to a Store.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resource/decode.h"
#include "resource/diagnostic.h"
#include "resource/store.h"
#include "resource/yaml.h"

namespace turnpike::resource {

class DocumentCache;
class FileData;

// What reading a configuration gives. With errors the store holds what could be read and must not be served.
struct Loaded {
  std::shared_ptr<const Store> store;
  std::vector<Diagnostic> diagnostics;  // ordered by file and position
  std::vector<std::string> files;       // that resources name (file_data.h), readable or not: to be watched

  bool ok() const noexcept { return !has_errors(diagnostics); }
};

struct LoadOptions {
  std::size_t max_bytes = 64 * 1024 * 1024;  // of all files together
  std::size_t max_files = 10'000;
  std::size_t max_diagnostics = kMostDiagnostics;
  YamlLimits yaml;
  DecodeOptions decode;
};

// A text and its name for messages, where the configuration does not come from files.
struct NamedText {
  std::string name;
  std::string_view text;
};

// Reads configurations, again and again: documents that did not change since the last time are not parsed
// again and keep their objects. Used by one thread.
class Loader {
 public:
  explicit Loader(LoadOptions options = {});
  ~Loader();

  // Files, and folders with all *.yaml, *.yml and *.json below them (hidden ones left out, links followed, in
  // the order of their names). "-" is standard input. What cannot be read is an error.
  Loaded load(std::span<const std::string> paths);
  Loaded load(std::span<const NamedText> texts);

  // Documents parsed so far.
  std::uint64_t documents_parsed() const noexcept;

 private:
  LoadOptions options_;
  std::unique_ptr<DocumentCache> cache_;
  std::unique_ptr<FileData> file_data_;
};

// One text with a name for messages; for tests and for what is generated.
Loaded load_text(std::string_view text, std::string_view file = "config.yaml");

}  // namespace turnpike::resource
