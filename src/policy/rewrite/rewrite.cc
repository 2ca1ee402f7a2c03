#include "policy/rewrite/rewrite.h"

#include "policy/text.h"

namespace turnpike::policy {

std::expected<std::unique_ptr<const Policy>, std::string> Rewrite::make(RewriteConfig config) {
  if (!config.hostname.empty() && !is_host_name(config.hostname))
    return std::unexpected(text_of("hostname '", config.hostname, "' is not a host name in lower case"));
  auto path = PathModifier::make(config.path);
  if (!path) return std::unexpected(std::move(path.error()));
  return std::unique_ptr<const Policy>(new Rewrite(std::move(config.hostname), std::move(*path)));
}

std::string Rewrite::describe() const {
  std::string out = hostname_.empty() ? "" : text_of("host ", hostname_);
  if (!path_.keeps()) {
    if (!out.empty()) out += "; ";
    out += path_.describe();
  }
  return out.empty() ? "nothing" : out;
}

Verdict Rewrite::on_request(Exchange& exchange) const {
  if (!hostname_.empty()) exchange.rewritten_host = hostname_;
  exchange.request.path = path_.apply(exchange.request.path, exchange.matched_prefix, exchange.arena);
  return Verdict::next;
}

}  // namespace turnpike::policy
