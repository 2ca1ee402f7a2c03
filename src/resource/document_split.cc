#include "resource/document_split.h"

#include <cstring>

namespace turnpike::resource {

namespace {

enum class Line : std::uint8_t { blank, directive, start, end, content };

bool is_marker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  if (line.size() == marker.size()) return true;
  const char next = line[marker.size()];
  return next == ' ' || next == '\t' || next == '\r';
}

Line classify(std::string_view line) {
  if (line.empty()) return Line::blank;
  if (line[0] == '-') return is_marker(line, "---") ? Line::start : Line::content;
  if (line[0] == '.') return is_marker(line, "...") ? Line::end : Line::content;
  if (line[0] == '%') return Line::directive;
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#' ? Line::blank : Line::content;
}

}  // namespace

std::vector<DocumentText> split_documents(std::string_view file) {
  if (file.starts_with("\xEF\xBB\xBF")) file.remove_prefix(3);
  std::vector<DocumentText> documents;
  std::size_t begin = 0;
  std::uint32_t begin_line = 1;
  bool has_content = false;
  const auto finish = [&](std::size_t end) {
    if (has_content) documents.push_back({file.substr(begin, end - begin), begin_line});
    has_content = false;
  };
  std::uint32_t number = 1;
  for (std::size_t at = 0; at < file.size(); ++number) {
    const void* newline = std::memchr(file.data() + at, '\n', file.size() - at);
    const std::size_t end = newline == nullptr
                                ? file.size()
                                : static_cast<std::size_t>(static_cast<const char*>(newline) - file.data());
    const std::size_t next = newline == nullptr ? end : end + 1;
    switch (classify(file.substr(at, end - at))) {
      case Line::start:
        if (has_content) {
          finish(at);
          begin = at;
          begin_line = number;
        }
        has_content = true;
        break;
      case Line::end:
        finish(at);
        begin = next;
        begin_line = number + 1;
        break;
      case Line::content:
        has_content = true;
        break;
      case Line::directive:
        // Only a directive if nothing of the document stands before it; in a document '%' begins a plain
        // text.
      case Line::blank:
        break;
    }
    at = next;
  }
  finish(file.size());
  return documents;
}

}  // namespace turnpike::resource
