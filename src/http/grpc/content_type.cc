#include "http/grpc/content_type.h"

#include "base/strings.h"

namespace turnpike::http::grpc {

namespace {

constexpr std::string_view kBase = "application/grpc";
constexpr std::string_view kWeb = "-web";
constexpr std::string_view kText = "-text";

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
  return text.size() >= start.size() && equals_ignoring_case(text.substr(0, start.size()), start);
}

// Takes the media type's own name off `text` and says which it was.
Kind take_name(std::string_view& text) noexcept {
  if (!starts_with_ignoring_case(text, kBase)) return Kind::none;
  text.remove_prefix(kBase.size());
  Kind kind = Kind::grpc;
  if (starts_with_ignoring_case(text, kWeb)) {
    text.remove_prefix(kWeb.size());
    kind = Kind::web;
    if (starts_with_ignoring_case(text, kText)) {
      text.remove_prefix(kText.size());
      kind = Kind::web_text;
    }
  }
  const bool ends = text.empty() || text.front() == '+' || text.front() == ';' || text.front() == ' ' ||
                    text.front() == '\t';
  return ends ? kind : Kind::none;
}

}  // namespace

Kind kind_of(std::string_view content_type) noexcept { return take_name(content_type); }

std::string_view suffix_of(std::string_view content_type) noexcept {
  if (take_name(content_type) == Kind::none || !content_type.starts_with('+')) return {};
  return content_type.substr(0, content_type.find_first_of("; \t"));
}

}  // namespace turnpike::http::grpc
