// Base64 and base64url (RFC 4648 §4, §5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace turnpike::crypto {

std::string base64_encode(std::string_view bytes);
// Without padding, as JOSE has it (RFC 7515 §2).
std::string base64url_encode(std::string_view bytes);

// Strict: no other characters, no white space, the padding whole, the unused bits zero; nothing otherwise.
std::optional<std::string> base64_decode(std::string_view text);
// Without padding.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace turnpike::crypto
