#include "l4/server_name.h"

namespace turnpike::l4 {
namespace {

bool may_stand_in_a_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
}

}  // namespace

bool ServerName::read(std::string_view extension) noexcept {
  size_ = 0;
  const auto number = [&](std::size_t at) {
    return std::size_t{static_cast<unsigned char>(extension[at])} << 8 |
           static_cast<unsigned char>(extension[at + 1]);
  };
  // A list with one entry: its length, type (0: host_name), length of the name, name.
  if (extension.size() < 5 || number(0) != extension.size() - 2 || extension[2] != 0 ||
      number(3) != extension.size() - 5)
    return false;
  std::string_view name = extension.substr(5);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMostBytes) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
    if (!may_stand_in_a_name(c)) return false;
    text_[i] = c;
  }
  size_ = static_cast<std::uint8_t>(name.size());
  return true;
}

}  // namespace turnpike::l4
