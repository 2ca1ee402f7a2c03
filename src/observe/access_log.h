// The access log: one line per request, written off the workers. A worker formats its line straight into its
// own ring (no lock, no system call, no allocation); one writer thread empties the rings with writev.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "observe/access_format.h"
#include "observe/families.h"
#include "observe/metrics.h"
#include "observe/ring.h"

namespace turnpike::observe {

struct AccessLogConfig {
  enum class Sink : std::uint8_t { off, standard_output, file };
  Sink sink = Sink::standard_output;
  std::string path;     // of the file: opened for appending, made with mode 0640
  AccessFormat format;  // JSON with all fields
  std::size_t ring_bytes = std::size_t{512}
                           << 10;  // per worker; rounded up to a power of two, at least 64 KiB
};

// A worker's end of the log. Made by AccessLog; used on that worker's thread only.
class AccessWriter {
 public:
  // Formats the record and leaves it to the writer thread. Never waits: where the ring is full the record is
  // dropped and counted.
  void record(const AccessRecord& record) noexcept;

 private:
  friend class AccessLog;
  AccessWriter(const AccessFormat& format, std::size_t ring_bytes, Block metrics,
               const ProcessMetrics& names);

  const AccessFormat& format_;
  FormatClock clock_;
  Ring ring_;
  Block metrics_;
  Counter records_;
  Counter dropped_;
  std::unique_ptr<char[]> spill_;  // for a record that would lie across the end of the ring
};

// Owns the rings, the writer thread and the file. Must outlive the workers; the destructor writes what is
// left.
class AccessLog {
 public:
  // The error says why the file could not be opened. The registry must outlive the log.
  static std::expected<std::unique_ptr<AccessLog>, std::string> open(const AccessLogConfig& config,
                                                                     unsigned workers, Registry& registry,
                                                                     const Families& families);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog();

  // Null when the log is off: then there is nothing to record.
  AccessWriter* writer(unsigned worker) noexcept {
    return worker < writers_.size() ? writers_[worker].get() : nullptr;
  }
  // Closes and opens the file once what was recorded before is written (log rotation). From any thread. If
  // the file cannot be opened the old one is kept and the failure counted. `done` is called with an errno or
  // 0 when that is so: from the thread that writes, or at once where there is no file.
  void reopen(std::function<void(int error)> done = [](int) {});
  // Waits until all that was recorded before the call is written, or given up. For tests and the end of the
  // process.
  void flush();

 private:
  struct Sink;  // where the lines go

  AccessLog(const AccessLogConfig& config, unsigned workers, Registry& registry, const Families& families);
  void run();
  // Writes what the rings hold now; whether there was anything.
  bool drain_once();
  std::vector<std::function<void(int)>> take_reopen();
  bool write_out(const std::vector<Ring::Readable>& parts);

  const AccessLogConfig config_;
  std::vector<std::unique_ptr<AccessWriter>> writers_;
  std::unique_ptr<Sink> sink_;
  std::shared_ptr<std::atomic<std::uint64_t>> failures_;  // outlives the log in the Registry's collector
  std::atomic<bool> stop_{false};
  std::mutex reopen_mutex_;
  std::vector<std::function<void(int)>> reopen_;  // who waits for it
  std::atomic<std::uint64_t> rounds_{0};          // finished turns of the writer thread
  std::thread thread_;
};

}  // namespace turnpike::observe
