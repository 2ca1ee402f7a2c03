#include "proxy/hash_key.h"

#include "base/hash.h"
#include "base/strings.h"

namespace turnpike::proxy {

std::string_view cookie_value(const http::Fields& fields, std::string_view name) noexcept {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(';');
      const std::string_view pair = trim(rest.substr(0, end));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
  return {};
}

std::uint64_t hash_key(const plan::Rule& rule, const http::RequestHead& request, std::string_view client_ip,
                       Random& random) {
  std::string_view key;
  switch (rule.hash_key) {
    case plan::Rule::HashKey::none:
      return 0;
    case plan::Rule::HashKey::source_ip:
      key = client_ip;
      break;
    case plan::Rule::HashKey::header:
      if (const http::Field* field = request.fields.find(rule.hash_name)) key = field->value;
      break;
    case plan::Rule::HashKey::cookie:
      key = cookie_value(request.fields, rule.hash_name);
      break;
  }
  return key.empty() ? random.next() : hash_bytes(key);
}

}  // namespace turnpike::proxy
