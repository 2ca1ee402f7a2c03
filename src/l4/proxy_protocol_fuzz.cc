// PROXY headers: what is read can be written and read again; a decision does not change with more bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "l4/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnpike::l4;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ProxyHeader header;
  const ProxyResult result = parse_proxy_header(bytes, header);
  if ((result.state == ProxyParse::malformed) == result.problem.empty()) std::abort();
  if (result.state == ProxyParse::complete) {
    if (header.size > size || header.size > kMostProxyHeaderBytes) std::abort();
    ProxyHeader shorter;
    if (parse_proxy_header(bytes.substr(0, header.size), shorter).state != ProxyParse::complete) std::abort();
    if (header.size > 0 &&
        parse_proxy_header(bytes.substr(0, header.size - 1), shorter).state == ProxyParse::complete)
      std::abort();
    ProxyHeaderText text;
    for (const ProxyVersion version : {ProxyVersion::v1, ProxyVersion::v2}) {
      ProxyHeader again;
      const auto written = write_proxy_header(version, header.source, header.destination, text);
      if (parse_proxy_header(written, again).state != ProxyParse::complete) std::abort();
      if (header.source.is_ip() && header.destination.is_ip() &&
          (!(again.source == header.source) || !(again.destination == header.destination)))
        std::abort();
    }
  } else if (size > 0) {
    ProxyHeader shorter;
    const ProxyParse before = parse_proxy_header(bytes.substr(0, size - 1), shorter).state;
    if (before != ProxyParse::incomplete && before != result.state) std::abort();
  }
  return 0;
}
