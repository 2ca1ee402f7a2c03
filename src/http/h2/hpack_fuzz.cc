// HPACK: our decoder and nghttp2's must understand the same of any blocks, and what our encoder writes both
// must read back. The input is a series of blocks, each behind two bytes of size; the first byte chooses the
// tables.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/hpack_decoder.h"
#include "http/h2/hpack_encoder.h"
#include "http/h2/oracle.h"

using namespace turnpike;
using namespace turnpike::http;
using namespace turnpike::http::h2;

namespace {

// Nothing if the block is broken.
std::optional<oracle::FieldList> decode(Decoder& decoder, std::string_view block) {
  Arena arena;
  oracle::FieldList fields;
  DecodedField field;
  decoder.begin(block);
  for (;;) {
    const Decoder::Step step = decoder.next(arena, field);
    if (step == Decoder::Step::error) return std::nullopt;
    if (step == Decoder::Step::end) return fields;
    fields.emplace_back(field.name, field.value);
  }
}

// Names that an encoder is never given: it writes lower case, and pseudo names are known.
bool encodable(const oracle::FieldList& fields) {
  for (const auto& [name, value] : fields) {
    if (name.starts_with(':') && kind_of(name).pseudo == Pseudo::unknown) return false;
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z') return false;
    }
  }
  return true;
}

std::string encode(Encoder& encoder, const oracle::FieldList& fields) {
  std::size_t room = Encoder::kBeginRoom;
  for (const auto& [name, value] : fields) room += Encoder::room(name.size(), value.size());
  std::string block(room, '\0');
  char* out = encoder.begin(block.data());
  for (const auto& [name, value] : fields) {
    const NameKind kind = kind_of(name);
    out = kind.pseudo != Pseudo::none ? encoder.pseudo(out, kind.pseudo, value)
                                      : encoder.field(out, {name, value, kind.id});
  }
  if (out > block.data() + block.size()) std::abort();
  block.resize(static_cast<std::size_t>(out - block.data()));
  return block;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return -1;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  Decoder ours(4096);
  oracle::Inflater theirs;
  Encoder encoder(data[0] % 3 == 0 ? 200 : 4096);
  Decoder ours_again(4096);
  oracle::Inflater theirs_again;
  while (rest.size() > 2) {
    const std::size_t wanted =
        static_cast<unsigned char>(rest[0]) % 8 * 256u + static_cast<unsigned char>(rest[1]);
    const std::string_view block = rest.substr(2, wanted);
    rest.remove_prefix(2 + block.size());
    const std::optional<oracle::FieldList> mine = decode(ours, block);
    const std::optional<oracle::FieldList> yours = theirs.inflate(block);
    if (mine != yours) std::abort();
    if (ours.bytes_held() > 8192) std::abort();
    if (!mine) return 0;
    if (!encodable(*mine)) continue;
    if (block.size() % 5 == 4) encoder.set_peer_limit(static_cast<std::uint32_t>(block.size() * 7));
    const std::string again = encode(encoder, *mine);
    if (decode(ours_again, again) != mine || theirs_again.inflate(again) != mine) std::abort();
  }
  return 0;
}
