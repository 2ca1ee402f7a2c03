// Colour where somebody looks at it: on a terminal, unless NO_COLOR is set (https://no-color.org).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace turnpike::cli {

class Terminal {
 public:
  explicit Terminal(bool colour) noexcept : colour_(colour) {}
  // For a stream of this process.
  static Terminal of(std::FILE* stream) noexcept;

  bool colour() const noexcept { return colour_; }
  std::string bold(std::string_view text) const { return in("1", text); }
  std::string faint(std::string_view text) const { return in("2", text); }
  std::string red(std::string_view text) const { return in("1;31", text); }
  std::string green(std::string_view text) const { return in("32", text); }
  std::string yellow(std::string_view text) const { return in("1;33", text); }

 private:
  std::string in(std::string_view code, std::string_view text) const;
  bool colour_;
};

}  // namespace turnpike::cli
