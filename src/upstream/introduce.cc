// The beginning of a connection to an upstream that wants the PROXY protocol.
#include "l4/proxy_protocol.h"
#include "tls/stream.h"
#include "upstream/endpoint.h"
#include "upstream/worker_cluster.h"

namespace turnpike::upstream {

io::Task<Result<void>> WorkerCluster::introduce(Lease& lease, const io::Address& client,
                                                const io::Address& listener, TimePoint deadline) {
  const std::shared_ptr<const ClusterConfig> config = config_;  // may be replaced meanwhile
  if (config->proxy_protocol == l4::ProxyVersion::none) co_return Result<void>();
  {
    l4::ProxyHeaderText text;
    const std::string_view header = l4::write_proxy_header(config->proxy_protocol, client, listener, text);
    // The first bytes of a connection: the kernel has room for them.
    const io::IoResult written = lease.stream().write(header);
    if (written.bytes != header.size())
      co_return std::unexpected(upstream_error(ErrorKind::upstream_reset, Retry::safe,
                                               "the connection broke while the PROXY header was sent"));
  }
  if (config->tls == nullptr) co_return Result<void>();
  tls::TlsStream* secured = nullptr;
  lease.wrap([&](std::unique_ptr<io::Stream> inner) {
    auto stream = std::make_unique<tls::TlsStream>(std::move(inner), *config->tls, sessions_.get(),
                                                   sessions_ ? config->name : std::string());
    secured = stream.get();
    return stream;
  });
  co_return co_await secured->handshake(deadline);
}

}  // namespace turnpike::upstream
