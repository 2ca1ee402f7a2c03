// Any bytes as a configuration: must neither crash nor take long, and must be read the same way twice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resource/document_split.h"
#include "resource/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnpike::resource;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const NamedText named{"fuzz.yaml", text};
  LoadOptions options;
  options.yaml.nodes = 10'000;
  Loader loader(options);
  const Loaded first = loader.load(std::span(&named, 1));
  const std::uint64_t parsed = loader.documents_parsed();
  const Loaded second = loader.load(std::span(&named, 1));
  if (loader.documents_parsed() != parsed) std::abort();  // the cache must know all of them
  if (first.store->size() != second.store->size() || first.diagnostics.size() != second.diagnostics.size())
    std::abort();
  for (const Diagnostic& diagnostic : first.diagnostics) {
    if (diagnostic.message.empty() || diagnostic.position.line == 0 || diagnostic.position.column == 0)
      std::abort();
    if (diagnostic.text().empty()) std::abort();
  }
  // The documents lie in the text one after another.
  const char* end = text.data();
  for (const DocumentText& document : split_documents(text)) {
    if (document.text.data() < end) std::abort();
    end = document.text.data() + document.text.size();
  }
  if (end > text.data() + text.size()) std::abort();
  return 0;
}
