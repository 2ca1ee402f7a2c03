// Session persistence (Gateway API sessionPersistence, GEP-1619): a cookie or a header names the endpoint
// that a client stays with. The name is an opaque token; one that fits no endpoint is ignored.
#include <charconv>

#include "proxy/exchange.h"
#include "proxy/hash_key.h"

namespace turnpike::proxy {

void Exchange::read_session() {
  if (!rule_->session) return;
  const plan::SessionPersistence& session = *rule_->session;
  if (session.cookie) {
    sticky_ = cookie_value(request_.fields, session.name);
  } else if (const http::Field* field = request_.fields.find(session.name)) {
    sticky_ = field->value;
  }
  pick_.sticky = sticky_;
}

void Exchange::write_session() {
  if (!rule_->session || endpoint_ == nullptr) return;
  const plan::SessionPersistence& session = *rule_->session;
  const std::string_view token = cluster_->token(*endpoint_);
  if (!session.cookie) {
    response_.fields.set(arena_, session.name, token);
    return;
  }
  if (token == sticky_) return;
  std::string_view age;
  if (session.absolute_timeout) {
    char digits[20];
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*session.absolute_timeout).count();
    const auto end = std::to_chars(digits, digits + sizeof digits, seconds).ptr;
    age = arena_.concat("; Max-Age=", std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  response_.fields.add(arena_, http::FieldId::set_cookie,
                       arena_.concat(session.name, "=", token, "; Path=", session.cookie_path, age,
                                     "; HttpOnly; SameSite=Lax", facts_.scheme == "https" ? "; Secure" : ""));
}

}  // namespace turnpike::proxy
