#include "resource/file_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/strings.h"
#include "resource/kubernetes.h"
#include "resource/say.h"
#include "resource/store_builder.h"

namespace turnpike::resource {
namespace {

// The text of a regular file, or why there is none.
std::string read_file(const std::string& path, std::string& out) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not make us wait
  if (fd < 0) return std::strerror(errno);
  struct stat status{};
  std::string problem;
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) problem = "it is no regular file";
  char buffer[16 * 1024];
  while (problem.empty()) {
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) problem = std::strerror(errno);
    if (size <= 0) break;
    out.append(buffer, static_cast<std::size_t>(size));
    if (out.size() > FileData::kMostBytes) problem = "it is larger than 1 MiB";
  }
  ::close(fd);
  return problem;
}

// A relative path starts at the folder of the file that names it.
std::string locate(const std::string& path, const Origin& origin) {
  const std::filesystem::path named(path);
  if (named.is_absolute() || !origin.file || *origin.file == "-") return path;
  return (std::filesystem::path(*origin.file).parent_path() / named).string();
}

template <class T>
std::shared_ptr<const Object> with_data(const T& source,
                                        const std::vector<std::pair<std::string, std::string>>& contents) {
  auto copy = std::make_shared<T>(source);
  for (const auto& [key, text] : contents) copy->data[key] = text;
  return copy;
}

}  // namespace

std::optional<std::vector<FileReference>> parse_file_references(std::string_view text) {
  std::vector<FileReference> out;
  bool good = true;
  for_each_element(text, [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    const std::string key(trim(part.substr(0, equals)));
    const std::string path(equals == part.npos ? std::string_view{} : trim(part.substr(equals + 1)));
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const FileReference& one) { return one.key == key; });
    good = !key.empty() && !path.empty() && !twice && out.size() < kMostReferences;
    out.push_back({key, path});
    return good;
  });
  if (!good || out.empty()) return std::nullopt;
  return out;
}

std::shared_ptr<const Object> FileData::resolve(const std::shared_ptr<const Object>& object,
                                                const Origin& origin, std::vector<Diagnostic>& diagnostics,
                                                std::vector<std::string>& files) {
  if (object->kind != Kind::secret && object->kind != Kind::config_map) return object;
  const std::string* const annotation = object->meta.annotations.find(kFilesAnnotation);
  if (annotation == nullptr) return object;
  const auto complain = [&](std::string message, std::string hint) {
    diagnostics.push_back(
        {Severity::error, origin.at(object->mark), std::move(message), std::move(hint), describe(*object)});
  };
  const auto references = parse_file_references(*annotation);
  if (!references) {
    complain(say("annotation {}: '{}' names no files", kFilesAnnotation, excerpt(*annotation)),
             "write 'tls.crt=certs/shop.crt, tls.key=certs/shop.key'");
    return object;
  }
  Contents contents;
  for (const FileReference& reference : *references) {
    const std::string path = locate(reference.path, origin);
    files.push_back(path);
    std::string text;
    std::string problem = read_file(path, text);
    if (problem.empty() && text.size() > bytes_left_)
      problem = say("the files that resources name are larger than {} MiB in all", kMostBytesInAll >> 20);
    if (problem.empty()) {
      bytes_left_ -= text.size();
      contents.emplace_back(reference.key, std::move(text));
    } else {
      complain(say("'{}' for {} cannot be read: {}", path, reference.key, problem), {});
    }
  }
  Kept& kept = kept_[object.get()];
  kept.load = load_;
  if (kept.resolved && kept.contents == contents) return kept.resolved;
  kept.source = object;
  kept.resolved = object->kind == Kind::secret ? with_data(*as<Secret>(*object), contents)
                                               : with_data(*as<ConfigMap>(*object), contents);
  kept.contents = std::move(contents);
  return kept.resolved;
}

void FileData::end_load() {
  std::erase_if(kept_, [this](const auto& entry) { return entry.second.load != load_; });
}

}  // namespace turnpike::resource
