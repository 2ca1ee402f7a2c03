// WebSockets between HTTP/1.1, where they begin with an Upgrade (RFC 6455 §4), and HTTP/2, where extended
// CONNECT stands for it (RFC 8441).
#include <cstring>

#include "base/strings.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "mux/connection.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3

// Sec-WebSocket-Accept for this Sec-WebSocket-Key.
std::string_view accept_for(std::string_view key, Arena& arena) {
  const crypto::Digest160 digest = crypto::sha1(arena.concat(key, kGuid));
  return arena.copy(crypto::base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

}  // namespace

// The fields that a client of HTTP/2 has no need of and a server of HTTP/1.1 insists on.
std::string_view Exchange::websocket_handshake() {
  char nonce[16];
  for (std::size_t i = 0; i < sizeof nonce; i += 8) {
    const std::uint64_t bits = worker_.random().next();
    std::memcpy(nonce + i, &bits, 8);
  }
  websocket_key_ = arena_.copy(crypto::base64_encode({nonce, sizeof nonce}));
  request_.fields.remove(http::FieldId::sec_websocket_key);
  return arena_.concat("Sec-WebSocket-Key: ", websocket_key_, "\r\n");
}

// Towards an upstream of HTTP/2. One that does not offer it gets a plain request: a server need not follow an
// Upgrade (RFC 9110 §7.8), and its answer tells the client so.
void Exchange::prepare_extended_connect(http::RequestHead& head) {
  extended_connect_ = equals_ignoring_case(upgrade_protocol_, "websocket") &&
                      lease_.multiplexed()->connection().allows_connect_protocol();
  if (!extended_connect_) return;
  head.method = http::Method::connect;
  head.method_text = http::name_of(http::Method::connect);
  head.protocol = "websocket";
  if (client_.multiplexed() != nullptr) return;
  websocket_key_ = request_.fields.value(http::FieldId::sec_websocket_key);
  head.fields = head.fields.clone(arena_);
  head.fields.remove(http::FieldId::sec_websocket_key);
}

// The upstream agrees to a tunnel. Says to the client what its own protocol says for that.
Error Exchange::judge_handshake() {
  response_head_at_ = loop().now();
  const bool http1_client = client_.multiplexed() == nullptr;
  if (extended_connect_ && http1_client) {
    response_.status = 101;
    response_.reason = {};
    if (!websocket_key_.empty())
      response_.fields.set(arena_, http::FieldId::sec_websocket_accept, accept_for(websocket_key_, arena_));
    return {};
  }
  if (!extended_connect_ && !http1_client &&
      response_.fields.value(http::FieldId::sec_websocket_accept) != accept_for(websocket_key_, arena_)) {
    return upstream_error(ErrorKind::upstream_bad_response, Retry::never, "wrong Sec-WebSocket-Accept");
  }
  return {};
}

}  // namespace turnpike::proxy
