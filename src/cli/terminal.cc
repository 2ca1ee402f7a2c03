#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace turnpike::cli {

Terminal Terminal::of(std::FILE* stream) noexcept {
  const char* const no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): before any thread
  const char* const term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe)
  const bool wanted = no_color == nullptr || *no_color == '\0';
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return Terminal(wanted && !dumb && ::isatty(::fileno(stream)) == 1);
}

std::string Terminal::in(std::string_view code, std::string_view text) const {
  if (!colour_) return std::string(text);
  std::string out = "\x1b[";
  out.append(code).append("m").append(text).append("\x1b[0m");
  return out;
}

}  // namespace turnpike::cli
