#include "control/limits.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace turnpike::control {
namespace {

namespace fs = std::filesystem;

// A "/" of our own with the files that a kernel would show.
class FakeRoot {
 public:
  FakeRoot() {
    char name[] = "/tmp/turnpike_limits_XXXXXX";
    path_ = mkdtemp(name);
  }
  ~FakeRoot() { fs::remove_all(path_); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories(fs::path(path_ + file).parent_path());
    std::ofstream(path_ + file) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(CgroupMemory, SmallestOfTheWholeBranch) {
  const FakeRoot root;
  root.write("/proc/self/cgroup", "0::/system.slice/turnpike.service\n");
  root.write("/sys/fs/cgroup/system.slice/turnpike.service/memory.max", "536870912\n");
  root.write("/sys/fs/cgroup/system.slice/memory.max", "268435456\n");
  EXPECT_EQ(cgroup_memory_limit(root.path()), 268435456U);
}

TEST(CgroupMemory, MaxIsNoLimit) {
  const FakeRoot root;
  root.write("/proc/self/cgroup", "0::/a\n");
  root.write("/sys/fs/cgroup/a/memory.max", "max\n");
  EXPECT_EQ(cgroup_memory_limit(root.path()), 0U);
}

TEST(CgroupMemory, ContainerSeesItsGroupAtTheMount) {
  const FakeRoot root;
  root.write("/proc/self/cgroup", "0::/../../kubepods/pod1\n");
  root.write("/sys/fs/cgroup/memory.max", "1048576\n");
  EXPECT_EQ(cgroup_memory_limit(root.path()), 1048576U);
}

TEST(CgroupMemory, VersionOne) {
  const FakeRoot root;
  root.write("/proc/self/cgroup", "5:cpu,cpuacct:/c\n4:memory:/docker/abc\n");
  root.write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "104857600\n");
  root.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(cgroup_memory_limit(root.path()), 104857600U);
}

TEST(CgroupMemory, GarbageIsNoLimit) {
  const FakeRoot root;
  root.write("/proc/self/cgroup", "nonsense\n0::\n");
  root.write("/sys/fs/cgroup/memory.max", "-5x\n");
  EXPECT_EQ(cgroup_memory_limit(root.path()), 0U);
  EXPECT_EQ(cgroup_memory_limit("/nonexistent"), 0U);
}

TEST(UsableCores, QuotaRoundsUpAndNeverRaises) {
  const unsigned all = usable_cores("/nonexistent");
  EXPECT_GE(all, 1U);
  const FakeRoot root;
  root.write("/proc/self/cgroup", "0::/a\n");
  root.write("/sys/fs/cgroup/a/cpu.max", "20000 100000\n");
  EXPECT_EQ(usable_cores(root.path()), 1U);
  root.write("/sys/fs/cgroup/a/cpu.max", "99900000 100000\n");
  EXPECT_EQ(usable_cores(root.path()), all);
  root.write("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cores(root.path()), all);
}

TEST(ResidentMemory, GrowsWithWhatIsTouched) {
  const ResidentMemory memory;
  const std::size_t before = memory.bytes();
  ASSERT_GT(before, 0U);
  std::vector<char> block(64 << 20, 'x');
  EXPECT_GE(memory.bytes(), before + (32 << 20));
  EXPECT_EQ(block.back(), 'x');
}

TEST(OverloadLimits, DerivedFromDescriptors) {
  const Options options;
  EXPECT_EQ(overload_limits(options, 65536, 0).most_connections, (65536U - 256) / 3 * 2);
  EXPECT_EQ(overload_limits(options, 65536, 0).most_memory, 0U);
  EXPECT_GE(overload_limits(options, 64, 0).most_connections, 1U);
  EXPECT_LT(overload_limits(options, 64, 0).most_connections, 64U);
  EXPECT_EQ(overload_limits(options, 1024, 1 << 30).most_memory, 1U << 30);
}

TEST(OverloadLimits, OptionsWinButCannotExceedDescriptors) {
  Options options;
  options.most_connections = 10;
  options.memory_limit = 5000;
  EXPECT_EQ(overload_limits(options, 65536, 1 << 30).most_connections, 10U);
  EXPECT_EQ(overload_limits(options, 65536, 1 << 30).most_memory, 5000U);
  options.most_connections = 1'000'000;
  EXPECT_LT(overload_limits(options, 1024, 0).most_connections, 1024U);
}

TEST(DescriptorLimit, IsTheHardOne) {
  const std::size_t raised = raise_descriptor_limit();
  EXPECT_GE(raised, 64U);
  EXPECT_EQ(raise_descriptor_limit(), raised);
}

}  // namespace
}  // namespace turnpike::control
