#include "cli/proxy_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "resource/scalar.h"

namespace turnpike::cli {
namespace {

struct Target {
  bool tls = false;
  HostPort at;
};

// RFC 1123; what else stands between quotes in YAML could end them.
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::expected<Target, std::string> parse_target(const std::string& text) {
  const auto wrong = [&](const std::string& why) { return std::unexpected("--to: '" + text + "' " + why); };
  Target out;
  std::string_view rest = text;
  bool scheme = false;
  if (rest.starts_with("http://") || rest.starts_with("https://")) {
    scheme = true;
    out.tls = rest.starts_with("https://");
    rest.remove_prefix(rest.find("//") + 2);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find_first_of("/?#") != rest.npos)
      return wrong("has a path; requests keep their own, so name the host only");
  } else if (rest.find("://") != rest.npos) {
    return wrong("has a scheme that is neither http nor https");
  }
  const bool has_port = rest.starts_with('[') ? rest.find("]:") != rest.npos : rest.find(':') != rest.npos;
  const std::string with_port =
      has_port || !scheme ? std::string(rest) : std::string(rest) + (out.tls ? ":443" : ":80");
  const auto at = parse_host_port(with_port);
  if (!at || at->port == 0)
    return wrong("is no upstream; write 127.0.0.1:9000, payments.internal:9000 or https://api.example.com");
  out.at = *at;
  if (out.at.host.empty()) out.at.host = "127.0.0.1";
  if (!is_host_name(out.at.host) && !resource::is_ip_address(out.at.host))
    return wrong("has no valid host name");
  return out;
}

}  // namespace

std::expected<std::string, std::string> proxy_text(std::uint16_t listen_port,
                                                   std::span<const std::string> to) {
  std::vector<Target> targets;
  for (const std::string& text : to) {
    auto target = parse_target(text);
    if (!target) return std::unexpected(target.error());
    targets.push_back(std::move(*target));
  }
  const bool tls = std::any_of(targets.begin(), targets.end(), [](const Target& t) { return t.tls; });
  for (const Target& target : targets) {
    if (target.tls != tls) return std::unexpected("--to: either all upstreams are https or none");
    if (tls && target.at.host != targets.front().at.host) {
      return std::unexpected(
          "--to: several https upstreams must have one name, by which their certificate is checked; write a "
          "configuration with a BackendTLSPolicy for more");
    }
  }
  std::string out =
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: proxy}\nspec:\n"
      "  gatewayClassName: turnpike\n";
  out += "  listeners: [{name: http, port: " + std::to_string(listen_port) +
         ", protocol: HTTP}]\n---\n"
         "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: proxy}\nspec:\n"
         "  parentRefs: [{name: proxy}]\n  rules:\n  - ";
  if (tls) {
    out += "filters: [{type: URLRewrite, urlRewrite: {hostname: \"" + targets.front().at.host + "\"}}]\n    ";
  }
  out += "backendRefs: [{group: turnpike.dev, kind: Backend, name: upstream, port: " +
         std::to_string(targets.front().at.port) +
         "}]\n---\napiVersion: turnpike.dev/v1alpha1\nkind: Backend\nmetadata: {name: upstream}\nspec:\n  "
         "endpoints:\n";
  for (const Target& target : targets) {
    out += "  - {address: \"" + target.at.host + "\", port: " + std::to_string(target.at.port) + "}\n";
  }
  if (tls) {
    out +=
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {name: "
        "upstream}\nspec:\n"
        "  targetRefs: [{group: turnpike.dev, kind: Backend, name: upstream}]\n"
        "  validation: {wellKnownCACertificates: System, hostname: \"" +
        targets.front().at.host + "\"}\n";
  }
  return out;
}

}  // namespace turnpike::cli
