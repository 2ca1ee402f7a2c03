// Preloaded into a program (LD_PRELOAD), counts its calls of malloc, calloc, realloc and the aligned ones in
// the file that ALLOCATIONS_FILE names: eight bytes, little-endian, shared with whoever reads it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

std::atomic<std::uint64_t> unseen{0};  // until the file is mapped
std::atomic<std::uint64_t>* count = &unseen;

[[gnu::constructor]] void map_file() {
  const char* name = std::getenv("ALLOCATIONS_FILE");
  if (name == nullptr) return;
  const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(*count)) != 0) return;
  void* page = mmap(nullptr, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) count = static_cast<std::atomic<std::uint64_t>*>(page);
}

void tick() { count->fetch_add(1, std::memory_order_relaxed); }

}  // namespace

// glibc's own names for the same functions: no dlsym, which allocates itself.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  tick();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  tick();
  return __libc_calloc(number, size);
}
void* realloc(void* old, std::size_t size) {
  tick();
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t align, std::size_t size) {
  tick();
  return __libc_memalign(align, size);
}
void* memalign(std::size_t align, std::size_t size) {
  tick();
  return __libc_memalign(align, size);
}
int posix_memalign(void** out, std::size_t align, std::size_t size) {
  tick();
  *out = __libc_memalign(align, size);
  return *out != nullptr ? 0 : 12;  // ENOMEM
}
}
