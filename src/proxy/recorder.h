// What a worker counts and logs: the only place of proxy/ that knows names of metrics and fields of the
// access log.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "http/h2/limits.h"
#include "observe/access_log.h"
#include "observe/families.h"
#include "observe/metrics.h"
#include "plan/plan.h"

namespace turnpike::tls {
class TlsStream;
}

namespace turnpike::proxy {

class Recorder {
 public:
  Recorder(const observe::Families& families, observe::Cells& cells, observe::AccessWriter* log) noexcept
      : families_(families), cells_(cells), log_(log) {}

  const observe::Families& families() const noexcept { return families_; }
  observe::Block block(observe::Series series) noexcept { return cells_.block(series); }
  observe::AccessWriter* log() noexcept { return log_; }

  // The series under which the connection is counted, also when it closes: a gauge must go down where it went
  // up.
  observe::Series connection_opened(const plan::Port& port) noexcept;
  void connection_closed(observe::Series series, std::uint64_t received, std::uint64_t sent) noexcept;
  // A connection was turned away before a request.
  void refused(const plan::Port& port, ErrorKind reason) noexcept;
  // HTTP/2, by the series of the connection.
  void stream_opened(observe::Series series) noexcept;
  void stream_closed(observe::Series series) noexcept;
  void resets(observe::Series series, std::uint64_t received, std::uint64_t sent) noexcept;
  void violation(observe::Series series, std::optional<http::h2::Budget> budget) noexcept;
  void handshake(const plan::Port& port, tls::TlsStream& stream, const Result<void>& done) noexcept;

 private:
  const observe::Families& families_;
  observe::Cells& cells_;
  observe::AccessWriter* log_;
};

}  // namespace turnpike::proxy
