#include "l4/client_hello.h"

#include <array>
#include <cstring>
#include <utility>

namespace turnpike::l4 {
namespace {

constexpr unsigned kHandshake = 22;  // type of a record
constexpr unsigned kClientHello = 1;
constexpr unsigned kServerName = 0;  // type of an extension
constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMessageHead = 4;

unsigned byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}
std::size_t number_at(std::string_view bytes, std::size_t at) noexcept {
  return std::size_t{byte_at(bytes, at)} << 8 | byte_at(bytes, at + 1);
}

HelloResult refuse(std::string_view problem) noexcept { return {Peeked::refused, problem}; }

// Reads a message from front to back. Once something is missing, everything is.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) noexcept : bytes_(bytes) {}
  bool ok() const noexcept { return ok_; }
  bool empty() const noexcept { return bytes_.empty(); }
  std::string_view take(std::size_t count) noexcept {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::size_t number(std::size_t bytes) noexcept {
    std::size_t out = 0;
    for (const char c : take(bytes)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  // What has its length, of so many bytes, in front.
  std::string_view vector(std::size_t length_bytes) noexcept { return take(number(length_bytes)); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

HelloResult read_message(std::string_view message, ServerName& name) noexcept {
  Cursor hello(message);
  if (hello.number(2) >> 8 != 3) return refuse("the ClientHello has an unknown version");
  hello.take(32);                                    // random
  const std::string_view session = hello.vector(1);  // legacy_session_id
  const std::string_view ciphers = hello.vector(2);  // cipher_suites
  const std::string_view compressions = hello.vector(1);
  if (!hello.ok() || session.size() > 32 || ciphers.empty() || ciphers.size() % 2 != 0 ||
      compressions.empty())
    return refuse("the ClientHello is malformed");
  name.clear();
  if (hello.empty()) return {Peeked::complete, {}};  // before TLS 1.3 there may be no extensions
  Cursor extensions(hello.vector(2));
  if (!hello.ok() || !hello.empty()) return refuse("the ClientHello is malformed");
  bool named = false;
  while (!extensions.empty()) {
    const std::size_t type = extensions.number(2);
    const std::string_view content = extensions.vector(2);
    if (!extensions.ok()) return refuse("the ClientHello is malformed");
    if (type != kServerName) continue;
    if (std::exchange(named, true)) return refuse("the ClientHello has two server names");
    if (!name.read(content)) return refuse("the ClientHello's server name is malformed");
  }
  return {Peeked::complete, {}};
}

}  // namespace

HelloResult peek_client_hello(std::string_view bytes, ServerName& name) noexcept {
  std::array<char, kMostHelloBytes> message;  // which may lie in several records
  std::size_t have = 0;
  std::size_t want = 0;  // 0: not known yet
  for (unsigned records = 0; !bytes.empty(); ++records) {
    if (records == kMostHelloRecords) return refuse("the ClientHello is cut into too many records");
    if (byte_at(bytes, 0) != kHandshake || (bytes.size() > 1 && byte_at(bytes, 1) != 3))
      return refuse("what came is no TLS handshake");
    if (bytes.size() < kRecordHead) return {};
    const std::size_t size = number_at(bytes, 3);
    if (size == 0) return refuse("a record of the ClientHello is empty");
    const std::string_view fragment = bytes.substr(kRecordHead, size);
    if (have + size > message.size()) return refuse("the ClientHello is too long");
    std::memcpy(message.data() + have, fragment.data(), fragment.size());
    have += fragment.size();
    const std::string_view read(message.data(), have);
    if (have > 0 && byte_at(read, 0) != kClientHello)
      return refuse("the handshake begins with no ClientHello");
    if (want == 0 && have >= kMessageHead) {
      want = kMessageHead + (std::size_t{byte_at(read, 1)} << 16 | number_at(read, 2));
      if (want > message.size()) return refuse("the ClientHello is too long");
    }
    if (want != 0 && have > want) return refuse("more than a ClientHello came at once");
    if (have == want && want != 0) return read_message(read.substr(kMessageHead), name);
    if (fragment.size() < size) return {};  // the rest of the record is on its way
    bytes.remove_prefix(kRecordHead + size);
  }
  return {};
}

}  // namespace turnpike::l4
