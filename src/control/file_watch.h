// Tells when configuration files change (inotify). Watches folders, not files, because editors and Kubernetes
// replace files and symbolic links instead of writing into them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/alarm.h"
#include "io/loop.h"

namespace turnpike::control {

class FileWatch final : public io::Source {
 public:
  // Files, and folders with all that lies below them; they may be missing and come later. `changed` is called
  // on the loop, once things have been quiet for some milliseconds (or after kLongest in a storm), as often
  // as something may have changed: a file was closed after writing, renamed, linked or deleted. A file that
  // is still being written does not count.
  FileWatch(io::Loop& loop, std::vector<std::string> paths, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Files beside `paths` that are of interest until the next call of this. True if they are others than
  // before.
  bool watch_also(std::vector<std::string> files);

  // False when the kernel refuses to watch (fs.inotify limits): changes are not seen then, or not all of
  // them.
  bool working() const noexcept { return working_; }
  void on_ready(std::uint32_t ready) override;

  static constexpr Duration kQuiet = std::chrono::milliseconds(3);
  static constexpr Duration kLongest = std::chrono::milliseconds(50);

 private:
  // What is of interest in one watched folder.
  struct Folder {
    std::set<std::string, std::less<>> names;  // these, whatever they are
    bool configuration = false;                // and every folder and configuration file
  };

  void look();  // watches what there is to watch now
  void add_chain(std::string path, int depth);
  void add_tree(const std::string& folder, unsigned depth);
  // True if the folder is of interest as a whole (`configuration`), and was not before.
  bool add(const std::string& folder, std::string_view name, bool configuration);
  bool relevant(int descriptor, std::uint32_t mask, std::string_view name) const;
  void fire();

  io::Loop& loop_;
  const std::vector<std::string> paths_;
  std::vector<std::string> more_;
  const std::function<void()> changed_;
  int fd_ = -1;
  bool working_ = true;
  std::map<std::string, Folder, std::less<>> wanted_;  // by path
  std::map<int, std::string> watches_;
  Alarm quiet_;
  TimePoint first_ = kNever;  // of the changes that were not told yet
};

}  // namespace turnpike::control
