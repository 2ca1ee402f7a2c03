#include "resource/syntax.h"

#include "base/strings.h"
#include "resource/scalar.h"

namespace turnpike::resource {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_lower(to_lower(c)); }
constexpr bool is_hex(char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_alpha(c); }

std::string_view check_labels(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (length == 0) return "has an empty part between dots";
      if (text[i - 1] == '-') return "has a part that ends with '-'";
      if (length > 63) return "has a part longer than 63 characters";
      length = 0;
      continue;
    }
    const char c = text[i];
    if (c >= 'A' && c <= 'Z') return "must be in lower case";
    if (!is_lower(c) && !is_digit(c) && c != '-')
      return "may hold only lower-case letters, digits, '-' and '.'";
    if (length == 0 && c == '-') return "has a part that begins with '-'";
    ++length;
  }
  return {};
}

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_alphanumeric(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  }
  return !text.empty();
}

}  // namespace

std::string_view check_dns_subdomain(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (text.size() > 253) return "is longer than 253 characters";
  return check_labels(text);
}

std::string_view check_dns_label(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return "must not hold a dot";
  return check_dns_subdomain(text);
}

std::string_view check_section_name(std::string_view text) { return check_dns_subdomain(text); }

std::string_view check_precise_hostname(std::string_view text) {
  if (text.starts_with("*")) return "must not begin with a wildcard here";
  if (text.find("://") != std::string_view::npos) return "is a host name, not a URL";
  if (text.find(':') != std::string_view::npos) return "must not hold a port";
  if (is_ip_address(text)) return "must be a name, not an IP address";
  return check_dns_subdomain(text);
}

std::string_view check_hostname(std::string_view text) {
  if (text == "*") return "must not be '*' alone: leave it out to match every host";
  if (text.starts_with("*.")) {
    text.remove_prefix(2);
    if (text.starts_with("*")) return "may have a wildcard only as its first part";
  } else if (text.find('*') != std::string_view::npos) {
    return "may have a wildcard only as its whole first part, such as '*.example.com'";
  }
  return check_precise_hostname(text);
}

std::string_view check_endpoint_address(std::string_view text) {
  if (is_ip_address(text)) return {};
  if (text.find("://") != std::string_view::npos) return "is an address or a DNS name, not a URL";
  if (text.starts_with('[')) return "must be written without brackets";
  if (text.find(':') != std::string_view::npos) return "must not hold a port: use the field 'port'";
  if (text.find_first_not_of("0123456789.") == std::string_view::npos) return "is not a valid IPv4 address";
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return "must be a DNS name of 1 to 253 characters";
  // Names in DNS may have underscores and capitals.
  std::size_t length = 0;
  for (const char c : text) {
    if (c == '.') {
      if (length == 0) return "has an empty part between dots";
      length = 0;
      continue;
    }
    if (!is_alphanumeric(c) && c != '-' && c != '_') return "is neither an IP address nor a DNS name";
    if (++length > 63) return "has a part longer than 63 characters";
  }
  return {};
}

std::string_view check_header_name(std::string_view text) {
  if (text.size() > 256) return "is longer than 256 characters";
  return is_token(text) ? std::string_view{}
                        : "is not the name of a header (letters, digits and !#$%&'*+-.^_`|~)";
}

std::string_view check_cookie_name(std::string_view text) {
  return is_token(text) && text.size() <= 128 ? std::string_view{} : "is not the name of a cookie or header";
}

std::string_view check_header_value(std::string_view text) {
  if (text.size() > 4096) return "is longer than 4096 characters";
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return "must not hold control characters";
  }
  if (!text.empty() && trim(text).size() != text.size()) return "must not begin or end with a blank";
  return {};
}

std::string_view check_absolute_path(std::string_view text) {
  if (!text.starts_with('/')) return "must begin with '/'";
  if (text.size() > 1024) return "is longer than 1024 characters";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
        return "has a '%' without two hex digits";
      if (text[i + 1] == '2' && to_lower(text[i + 2]) == 'f') return "must not hold an encoded slash ('%2F')";
      i += 2;
      continue;
    }
    if (c == '?') return "must not hold a query: use queryParams";
    if (c == '#') return "must not hold '#'";
    if (!is_alphanumeric(c) && std::string_view("-/._~!$&'()*+,;=:@").find(c) == std::string_view::npos) {
      return "holds a character that must be percent-encoded in a path";
    }
  }
  if (text.find("//") != std::string_view::npos) return "must not hold '//'";
  if (text.find("/./") != std::string_view::npos || text.ends_with("/."))
    return "must not hold the segment '.'";
  if (text.find("/../") != std::string_view::npos || text.ends_with("/.."))
    return "must not hold the segment '..'";
  return {};
}

std::string_view check_request_target(std::string_view text) {
  if (!text.starts_with('/')) return "must begin with '/'";
  if (text.size() > 1024) return "is longer than 1024 characters";
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7f || static_cast<unsigned char>(c) >= 0x80) return "must be percent-encoded";
    if (c == '#') return "must not hold '#'";
  }
  return {};
}

std::string_view check_cors_origin(std::string_view text) {
  if (text == "*") return {};
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else {
    return "must be '*' or begin with 'http://' or 'https://'";
  }
  if (const std::size_t colon = text.rfind(':');
      colon != std::string_view::npos && text.find(']', colon) == text.npos) {
    const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return "has a port that is not between 1 and 65535";
    text = text.substr(0, colon);
  }
  if (text == "*") return {};
  if (text.find('/') != std::string_view::npos) return "must not hold a path";
  if (text.starts_with('*')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.starts_with('[') && text.ends_with(']')) {
    return is_ip_address(text.substr(1, text.size() - 2)) ? std::string_view{} : "has no valid host";
  }
  return check_dns_subdomain(text).empty() ? std::string_view{} : "has no valid host";
}

std::string_view check_controller_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return "must look like 'example.com/name'";
  return check_dns_subdomain(text.substr(0, slash));
}

}  // namespace turnpike::resource
