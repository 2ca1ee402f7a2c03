// The static Huffman code of HPACK (RFC 7541 §5.2, Appendix B).
#pragma once

#include <cstddef>
#include <string_view>

namespace turnpike::http::h2 {

// Bytes that `text` takes when coded.
std::size_t huffman_size(std::string_view text) noexcept;
// Writes exactly that many bytes to `out`; returns the end.
char* huffman_encode(char* out, std::string_view text) noexcept;

// Room that decoding so many bytes may need: no code is shorter than 5 bits; a few bytes are written beyond
// the end.
constexpr std::size_t huffman_room(std::size_t coded) noexcept { return coded * 8 / 5 + 4; }
// Decodes to `out`, which has huffman_room(coded.size()) bytes; returns the end, or null if the code is
// broken: EOS in it, padding of more than 7 bits or of other bits than ones.
char* huffman_decode(std::string_view coded, char* out) noexcept;

}  // namespace turnpike::http::h2
