#include "control/file_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/testing.h"

namespace turnpike::control {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FileWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/turnpike_watch_XXXXXX";
    root = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
  void watch(std::vector<std::string> names) {
    for (std::string& name : names) name = (root / name).string();
    files = std::make_unique<FileWatch>(loop, names, [this] { ++told; });
    ASSERT_TRUE(files->working());
  }
  // True once a change is told.
  bool tells() {
    const int before = told;
    const bool yes = io::run_until(loop, [&] { return told > before; });
    settle();
    return yes;
  }
  // Nothing is told in a time that is long for the kernel and for kQuiet.
  bool silent() {
    const int before = told;
    settle();
    return told == before;
  }
  void settle() {
    const auto until = std::chrono::steady_clock::now() + 40ms;
    while (std::chrono::steady_clock::now() < until) loop.turn(loop.now() + 5ms);
  }

  fs::path root;
  io::Loop loop;
  std::unique_ptr<FileWatch> files;
  int told = 0;
};

TEST_F(FileWatchTest, FileWrittenInPlace) {
  write("a.yaml", "1");
  watch({"a.yaml"});
  write("a.yaml", "2");
  EXPECT_TRUE(tells());
  write("a.yaml", "3");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, FileReplacedByRename) {
  write("a.yaml", "1");
  watch({"a.yaml"});
  for (int i = 0; i < 3; ++i) {
    write(".a.yaml.new", "2");
    fs::rename(root / ".a.yaml.new", root / "a.yaml");
    EXPECT_TRUE(tells());
  }
}

TEST_F(FileWatchTest, AFileThatIsBeingWrittenWaitsForItsEnd) {
  watch({"."});
  std::ofstream out(root / "a.yaml");
  out << "half" << std::flush;
  EXPECT_TRUE(silent());
  out.close();
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, NeighboursAreOfNoInterest) {
  write("a.yaml", "1");
  watch({"a.yaml"});
  write("b.yaml", "1");
  write(".a.yaml.swp", "1");
  EXPECT_TRUE(silent());
}

TEST_F(FileWatchTest, FoldersTellOfConfigurationFilesOnly) {
  write("dir/a.yaml", "1");
  watch({"dir"});
  write("dir/notes.txt", "1");
  write("dir/.hidden.yaml", "1");
  EXPECT_TRUE(silent());
  write("dir/b.yml", "1");
  EXPECT_TRUE(tells());
  fs::remove(root / "dir/a.yaml");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, NewFoldersAreWatchedToo) {
  write("dir/a.yaml", "1");
  watch({"dir"});
  fs::create_directories(root / "dir/sub");
  EXPECT_TRUE(tells());
  write("dir/sub/b.yaml", "1");
  EXPECT_TRUE(tells());
  write("dir/sub/b.yaml", "2");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, FileThatComesLaterAndFolderThatComesBack) {
  fs::create_directories(root / "dir");
  watch({"dir/a.yaml"});
  write("dir/a.yaml", "1");
  EXPECT_TRUE(tells());
  fs::remove_all(root / "dir");
  EXPECT_TRUE(tells());
  write("dir/a.yaml", "2");
  EXPECT_TRUE(tells());
  write("dir/a.yaml", "3");
  EXPECT_TRUE(tells());
}

// Kubernetes mounts a ConfigMap as links through ..data, which it replaces by a rename.
TEST_F(FileWatchTest, ConfigMapsAreMountedThroughLinks) {
  write("mount/..2026_1/gw.yaml", "1");
  fs::create_symlink("..2026_1", root / "mount/..data");
  fs::create_symlink("..data/gw.yaml", root / "mount/gw.yaml");
  const auto flip = [&](const std::string& to) {
    write("mount/" + to + "/gw.yaml", to);
    fs::create_symlink(to, root / "mount/..data_tmp");
    fs::rename(root / "mount/..data_tmp", root / "mount/..data");
  };
  watch({"mount"});
  flip("..2026_2");
  EXPECT_TRUE(tells());
  flip("..2026_3");
  EXPECT_TRUE(tells());
  watch({"mount/gw.yaml"});
  flip("..2026_4");
  EXPECT_TRUE(tells());
  flip("..2026_5");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, LinkToAFileElsewhere) {
  write("real/a.yaml", "1");
  write("other/a.yaml", "1");
  fs::create_symlink(root / "real/a.yaml", root / "a.yaml");
  watch({"a.yaml"});
  write("real/a.yaml", "2");
  EXPECT_TRUE(tells());
  fs::create_symlink(root / "other/a.yaml", root / "tmp");
  fs::rename(root / "tmp", root / "a.yaml");
  EXPECT_TRUE(tells());
  write("other/a.yaml", "3");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, FilesThatTheConfigurationNames) {
  write("dir/a.yaml", "1");
  write("certs/shop.pem", "1");
  watch({"dir"});
  EXPECT_TRUE(files->watch_also({(root / "certs/shop.pem").string()}));
  EXPECT_FALSE(files->watch_also({(root / "certs/shop.pem").string()}));
  write("certs/other.pem", "1");
  EXPECT_TRUE(silent());
  write("certs/shop.pem", "2");
  EXPECT_TRUE(tells());
  EXPECT_TRUE(files->watch_also({}));
  write("certs/shop.pem", "3");
  EXPECT_TRUE(silent());
}

TEST_F(FileWatchTest, OneFolderByTwoPaths) {
  write("dir/a.yaml", "1");
  watch({"dir/../dir/a.yaml", "dir/./b.yaml", "./dir/c.yaml"});
  for (const char* name : {"dir/a.yaml", "dir/b.yaml", "dir/c.yaml"}) {
    write(name, "2");
    EXPECT_TRUE(tells()) << name;
  }
}

TEST_F(FileWatchTest, LinksInCirclesEnd) {
  fs::create_directories(root / "dir");
  for (const char* name : {"one", "two", "three"}) fs::create_symlink(root / "dir", root / "dir" / name);
  fs::create_symlink("x", root / "dir/x");
  watch({"dir", "dir/x"});
  write("dir/a.yaml", "1");
  EXPECT_TRUE(tells());
}

TEST_F(FileWatchTest, ManyChangesAreToldOnce) {
  write("dir/a.yaml", "0");
  watch({"dir"});
  for (int i = 0; i < 20; ++i) write("dir/f" + std::to_string(i) + ".yaml", "1");
  EXPECT_TRUE(tells());
  EXPECT_LE(told, 2);
}

}  // namespace
}  // namespace turnpike::control
