#include "resource/loader.h"

#include <algorithm>
#include <tuple>

#include "resource/document_cache.h"
#include "resource/document_split.h"
#include "resource/file_data.h"
#include "resource/files.h"
#include "resource/say.h"
#include "resource/stable_sort.h"
#include "resource/store_builder.h"

namespace turnpike::resource {

namespace {

// Gathers the documents of one load.
class Load {
 public:
  Load(DocumentCache& cache, FileData& file_data, const LoadOptions& options)
      : cache_(cache), file_data_(file_data), options_(options) {
    cache_.begin_load();
    file_data_.begin_load();
  }

  void add(const std::string& name, std::string_view text) {
    const auto file = std::make_shared<const std::string>(name);
    if (text.size() > bytes_left()) return fail(name, "the configuration is too large");
    bytes_ += text.size();
    for (const DocumentText& document : split_documents(text)) {
      const Origin origin{file, document.first_line};
      const auto decoded = cache_.get(document.text);
      for (const auto& object : decoded->objects) {
        builder_.add(file_data_.resolve(object, origin, diagnostics_, files_), origin);
      }
      for (const Finding& finding : decoded->findings) {
        diagnostics_.push_back(
            {finding.severity, origin.at(finding.mark), finding.message, finding.hint, finding.resource});
      }
    }
  }

  void fail(const std::string& name, std::string why) {
    diagnostics_.push_back(
        {Severity::error, {std::make_shared<const std::string>(name), 0, 0}, std::move(why), {}, {}});
  }

  Loaded finish() {
    cache_.end_load();
    file_data_.end_load();
    Loaded loaded;
    loaded.files = std::move(files_);
    loaded.store = builder_.finish(diagnostics_);
    stable_sort(diagnostics_, [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(*a.position.file, a.position.line, a.position.column) <
             std::tie(*b.position.file, b.position.line, b.position.column);
    });
    cut(diagnostics_, options_.max_diagnostics);
    loaded.diagnostics = std::move(diagnostics_);
    return loaded;
  }

 private:
  std::size_t bytes_left() const noexcept {
    return options_.max_bytes - std::min(bytes_, options_.max_bytes);
  }

  DocumentCache& cache_;
  FileData& file_data_;
  const LoadOptions& options_;
  StoreBuilder builder_;
  std::vector<Diagnostic> diagnostics_;
  std::vector<std::string> files_;
  std::size_t bytes_ = 0;
};

}  // namespace

Loader::Loader(LoadOptions options)
    : options_(std::move(options)),
      cache_(std::make_unique<DocumentCache>(options_.decode, options_.yaml)),
      file_data_(std::make_unique<FileData>()) {}

Loader::~Loader() = default;

Loaded Loader::load(std::span<const std::string> paths) {
  Load load(*cache_, *file_data_, options_);
  for (const FileText& file : read_files(paths, options_.max_bytes, options_.max_files)) {
    if (file.error.empty()) {
      load.add(file.path, file.text);
    } else {
      load.fail(file.path, file.error);
    }
  }
  return load.finish();
}

Loaded Loader::load(std::span<const NamedText> texts) {
  Load load(*cache_, *file_data_, options_);
  for (const NamedText& text : texts) load.add(text.name, text.text);
  return load.finish();
}

std::uint64_t Loader::documents_parsed() const noexcept { return cache_->parsed(); }

Loaded load_text(std::string_view text, std::string_view file) {
  Loader loader;
  const NamedText named{std::string(file), text};
  return loader.load(std::span(&named, 1));
}

}  // namespace turnpike::resource
