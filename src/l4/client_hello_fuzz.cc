// A ClientHello cut anywhere: the same answer in the end, never one that is taken back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "l4/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace turnpike::l4;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ServerName name;
  const HelloResult whole = peek_client_hello(bytes, name);
  if ((whole.state == Peeked::refused) == whole.problem.empty()) std::abort();
  if (name.text().size() > ServerName::kMostBytes) std::abort();
  for (const char c : name.text()) {
    if (c <= ' ' || (c >= 'A' && c <= 'Z')) std::abort();
  }
  // Fewer bytes may leave it open, but once decided it stays so, except that more may show too much in one
  // record.
  for (std::size_t cut = 0; cut < size && cut < 64; ++cut) {
    ServerName early;
    const HelloResult part = peek_client_hello(bytes.substr(0, cut), early);
    if (part.state == Peeked::complete && whole.state == Peeked::complete && early.text() != name.text())
      std::abort();
    if (part.state == Peeked::refused && whole.state != Peeked::refused) std::abort();
  }
  return 0;
}
