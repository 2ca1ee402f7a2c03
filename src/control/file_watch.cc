#include "control/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <filesystem>
#include <utility>

namespace turnpike::control {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr int kDeepestLinks = 16;
constexpr unsigned kDeepestFolders = 16;
constexpr std::size_t kMostFolders = 4096;

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

bool is_configuration_file(std::string_view name) noexcept {
  return !name.starts_with('.') &&
         (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

// A file that somebody is about to write: its end will be told by IN_CLOSE_WRITE.
bool is_being_written(const std::string& path) noexcept {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

}  // namespace

FileWatch::FileWatch(io::Loop& loop, std::vector<std::string> paths, std::function<void()> changed)
    : loop_(loop), paths_(std::move(paths)), changed_(std::move(changed)), quiet_(loop, [this] { fire(); }) {
  fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0 || !loop_.add(fd_, *this, true)) {
    working_ = false;
    return;
  }
  look();
}

FileWatch::~FileWatch() {
  if (fd_ < 0) return;
  loop_.remove(fd_, *this);
  ::close(fd_);
}

bool FileWatch::watch_also(std::vector<std::string> files) {
  if (fd_ < 0 || files == more_) return false;
  more_ = std::move(files);
  look();
  return true;
}

void FileWatch::look() {
  wanted_.clear();
  for (const std::string& path : paths_) {
    std::error_code error;
    // Whoever else uses /dev/null would be told as a change.
    if (path == "-" || fs::is_character_file(path, error)) continue;
    add_chain(path, 0);
    if (fs::is_directory(path, error)) add_tree(path, 0);
  }
  for (const std::string& path : more_) add_chain(path, 0);
  std::map<int, std::string> now;
  for (const auto& [folder, what] : wanted_) {
    const int descriptor = ::inotify_add_watch(fd_, folder.c_str(), kMask);
    if (descriptor >= 0) {
      now[descriptor] = folder;
    } else if (errno == ENOSPC || errno == ENOMEM) {
      working_ = false;
    }
  }
  for (const auto& [descriptor, folder] : watches_) {
    if (!now.contains(descriptor)) ::inotify_rm_watch(fd_, descriptor);
  }
  watches_ = std::move(now);
}

bool FileWatch::add(const std::string& folder, std::string_view name, bool configuration) {
  std::error_code error;
  const std::string real =
      fs::canonical(folder, error).string();  // the kernel has one watch per folder, not per path
  if (error) return false;
  if (wanted_.size() >= kMostFolders && !wanted_.contains(real)) {
    working_ = false;
    return false;
  }
  Folder& entry = wanted_[real];
  if (!name.empty()) entry.names.emplace(name);
  const bool news = configuration && !entry.configuration;
  entry.configuration = entry.configuration || configuration;
  return news;
}

// The name itself, and what it leads to if it is a link: each step may be replaced. Of a path that does not
// exist yet the nearest folder that does.
void FileWatch::add_chain(std::string path, int depth) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string parent = parent_of(path);
  add(parent, fs::path(path).filename().string(), false);
  std::error_code error;
  if (!fs::exists(parent, error) && parent != path && depth < kDeepestLinks)
    return add_chain(parent, depth + 1);
  // A link may also stand further up: /etc/turnpike -> ..data -> ..2026_11_23
  if (fs::is_symlink(parent, error) && depth < kDeepestLinks) add_chain(parent, depth + 1);
  if (!fs::is_symlink(path, error) || depth >= kDeepestLinks) return;
  const fs::path target = fs::read_symlink(path, error);
  if (error) return;
  add_chain(target.is_absolute() ? target.string() : (fs::path(parent) / target).string(), depth + 1);
}

void FileWatch::add_tree(const std::string& folder, unsigned depth) {
  if (!add(folder, "", true) || depth >= kDeepestFolders) return;  // links may lead in circles
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (at->is_symlink(ignored) && depth < kDeepestFolders &&
        (name.starts_with("..") || !name.starts_with('.'))) {
      add_chain(at->path().string(), 1);
    }
    if (!name.starts_with('.') && at->is_directory(ignored)) add_tree(at->path().string(), depth + 1);
  }
}

bool FileWatch::relevant(int descriptor, std::uint32_t mask, std::string_view name) const {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto watch = watches_.find(descriptor);
  if (watch == watches_.end()) return false;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) return (mask & IN_IGNORED) == 0;
  const auto folder = wanted_.find(watch->second);
  if (folder == wanted_.end()) return false;
  const bool directory = (mask & IN_ISDIR) != 0;
  const bool ours = folder->second.names.contains(name) ||
                    (folder->second.configuration &&
                     (is_configuration_file(name) || (directory && !name.starts_with('.'))));
  if (!ours) return false;
  return (mask & IN_CREATE) == 0 || directory || !is_being_written(watch->second + "/" + std::string(name));
}

void FileWatch::on_ready(std::uint32_t) {
  alignas(inotify_event) char buffer[16 * 1024];
  bool any = false;
  for (;;) {
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const std::string_view name = event->len > 0 ? std::string_view(event->name) : std::string_view();
      any = relevant(event->wd, event->mask, name) || any;
    }
  }
  if (!any) return;
  if (first_ == kNever) first_ = loop_.now();
  quiet_.set(std::clamp<Duration>(first_ + kLongest - loop_.now(), Duration::zero(), kQuiet));
}

void FileWatch::fire() {
  first_ = kNever;
  look();  // first: what comes after it is told again
  changed_();
}

}  // namespace turnpike::control
