// Diagnostics for people: with the line they speak of and a caret under the column.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "resource/diagnostic.h"

namespace turnpike::cli {

// Lines of files, read when they are first asked for.
class Sources {
 public:
  // A text that is no file.
  void add(std::string name, std::string_view text);
  // The line (from 1); nothing if the file is gone or shorter, or the line is not printable.
  std::optional<std::string> line(const std::string& file, std::uint32_t number);

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

// "file:line:column: error: message", the line, the caret, the hint. Each ends with a line end.
std::string render(const resource::Diagnostic& diagnostic, Sources& sources, const Terminal& terminal);
// All of them, then "2 errors, 1 warning".
std::string render(std::span<const resource::Diagnostic> diagnostics, Sources& sources,
                   const Terminal& terminal);

// "1 error", "3 errors and 1 warning"; "" for none.
std::string summary(std::span<const resource::Diagnostic> diagnostics);

}  // namespace turnpike::cli
