// The syntax of names, as Kubernetes, DNS and HTTP define it. Each check answers what is wrong ("" if nothing
// is).
#pragma once

#include <string_view>

namespace turnpike::resource {

// One complaint: a string literal, or "" when the text is right.
using SyntaxCheck = std::string_view (*)(std::string_view text);

std::string_view check_dns_label(std::string_view text);      // RFC 1123 label: names of Services, namespaces
std::string_view check_dns_subdomain(std::string_view text);  // RFC 1123 subdomain: names of most resources
std::string_view check_section_name(std::string_view text);   // of a listener or rule
std::string_view check_hostname(std::string_view text);       // Gateway API Hostname: may begin with "*."
std::string_view check_precise_hostname(std::string_view text);  // without wildcard
std::string_view check_endpoint_address(std::string_view text);  // an IP address or a DNS name
std::string_view check_header_name(std::string_view text);       // token, RFC 9110 §5.6.2
std::string_view check_header_value(std::string_view text);      // RFC 9110 §5.5: no control characters
std::string_view check_absolute_path(std::string_view text);     // begins with '/', only characters of a path
std::string_view check_request_target(std::string_view text);    // path and query of a health check
std::string_view check_cors_origin(
    std::string_view text);  // "*", scheme://host[:port], host may begin with '*'
std::string_view check_controller_name(std::string_view text);  // "example.com/name"
std::string_view check_cookie_name(std::string_view text);      // token, RFC 6265 §4.1.1

}  // namespace turnpike::resource
