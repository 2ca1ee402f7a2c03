#include "resource/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "resource/say.h"

namespace turnpike::resource {

namespace {

namespace fs = std::filesystem;

constexpr int kDeepestFolder = 16;

class Reader {
 public:
  Reader(std::size_t max_bytes, std::size_t max_files) : bytes_left_(max_bytes), max_files_(max_files) {}

  void add(const std::string& path) {
    if (path == "-") return read("-", STDIN_FILENO);
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return cannot_read(path, errno);
    if (S_ISDIR(info.st_mode)) {
      const std::size_t before = files_.size();
      folder(path, 0);
      if (files_.size() == before) fail(path, "the folder has no *.yaml, *.yml or *.json");
      return;
    }
    file(path, /*named_by_user=*/true);
  }

  std::vector<FileText> take() { return std::move(files_); }

 private:
  void fail(std::string path, std::string why) { files_.push_back({std::move(path), {}, std::move(why)}); }
  void cannot_read(std::string path, int error) {
    fail(std::move(path), say("cannot be read: {}", std::strerror(error)));
  }

  static bool is_wanted(const fs::path& path) {
    const std::string extension = path.extension().string();
    return extension == ".yaml" || extension == ".yml" || extension == ".json";
  }

  void folder(const fs::path& path, int depth) {
    if (depth > kDeepestFolder) return fail(path.string(), "folders are nested too deeply");
    std::error_code failed;
    std::vector<fs::path> entries;
    for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
      if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
    }
    if (failed) return cannot_read(path.string(), failed.value());
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) {
      struct stat info{};
      if (::stat(entry.c_str(), &info) != 0) {
        if (is_wanted(entry)) cannot_read(entry.string(), errno);
        continue;
      }
      if (S_ISDIR(info.st_mode)) {
        if (folders_.emplace(info.st_dev, info.st_ino).second) folder(entry, depth + 1);
      } else if (S_ISREG(info.st_mode) && is_wanted(entry)) {
        file(entry.string(), false);
      }
      if (exhausted_) return;
    }
  }

  void file(const std::string& path, bool named_by_user) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (named_by_user ? 0 : O_NONBLOCK));
    if (fd < 0) return cannot_read(path, errno);
    struct stat info{};
    const bool known = ::fstat(fd, &info) == 0;
    // The same file by another way, such as a link, is read once.
    if (known && S_ISREG(info.st_mode) && !seen_.emplace(info.st_dev, info.st_ino).second) {
      ::close(fd);
      return;
    }
    if (known && S_ISREG(info.st_mode)) size_hint_ = static_cast<std::size_t>(info.st_size);
    read(path, fd);
    ::close(fd);
  }

  void read(const std::string& path, int fd) {
    if (exhausted_) return;
    if (files_.size() >= max_files_) {
      exhausted_ = true;
      return fail(path, say("the configuration has more than {} files", max_files_));
    }
    std::string text;
    text.resize(std::min(size_hint_, bytes_left_) + 1);
    size_hint_ = 0;
    std::size_t size = 0;
    for (;;) {
      if (size == text.size()) text.resize(std::max<std::size_t>(text.size() * 2, 64 * 1024));
      const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return cannot_read(path, errno);
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
      if (size > bytes_left_) {
        exhausted_ = true;
        return fail(path, "the configuration is too large");
      }
    }
    text.resize(size);
    bytes_left_ -= size;
    files_.push_back({path, std::move(text), {}});
  }

  std::size_t bytes_left_;
  std::size_t max_files_;
  std::size_t size_hint_ = 0;
  bool exhausted_ = false;
  std::vector<FileText> files_;
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::set<std::pair<dev_t, ino_t>> folders_;
};

}  // namespace

std::vector<FileText> read_files(std::span<const std::string> paths, std::size_t max_bytes,
                                 std::size_t max_files) {
  Reader reader(max_bytes, max_files);
  for (const std::string& path : paths) reader.add(path);
  return reader.take();
}

}  // namespace turnpike::resource
