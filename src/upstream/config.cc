#include "upstream/config.h"

#include "upstream/same_config.h"

namespace turnpike::upstream {

std::string ClusterConfig::identity() const {
  // '\n' cannot be part of a name. tls_identity covers trust anchors, SNI, client certificate and ALPN.
  std::string text = name;
  text += '\n';
  text += static_cast<char>('0' + static_cast<int>(protocol));
  text += '\n';
  if (proxy_protocol != l4::ProxyVersion::none) {
    text += "proxy:";
    text += static_cast<char>('0' + static_cast<int>(proxy_protocol));
    text += '\n';
  }
  if (tls) text += "tls:" + tls_identity;
  return text;
}

bool same_config(const ClusterConfig& a, const ClusterConfig& b) noexcept {
  return a.name == b.name && a.origin == b.origin && a.endpoints == b.endpoints && a.dns == b.dns &&
         a.protocol == b.protocol && a.proxy_protocol == b.proxy_protocol &&
         (a.tls == nullptr) == (b.tls == nullptr) && a.tls_identity == b.tls_identity &&
         a.balancing == b.balancing && a.slow_start == b.slow_start && a.panic_percent == b.panic_percent &&
         a.health == b.health && a.outliers == b.outliers && a.retry_budget == b.retry_budget &&
         a.pool == b.pool;
}

}  // namespace turnpike::upstream
