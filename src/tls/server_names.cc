#include "tls/server_names.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace turnpike::tls {
namespace {

// "b.example.com" of "a.b.example.com"; empty when there is no further label.
std::string_view parent_of(std::string_view name) noexcept {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

// The first certificate of each type of key, out of those given.
ServerNames::Set first_of_each_key(const ServerName& name, const ServerNames::Set& candidates) {
  ServerNames::Set out;
  for (const std::size_t i : candidates) {
    const bool seen = std::ranges::any_of(out, [&](std::size_t j) {
      return name.certificates[i].key.type() == name.certificates[j].key.type();
    });
    if (!seen) out.push_back(i);
  }
  return out;
}

}  // namespace

ServerNames::ServerNames(const std::vector<ServerName>& names) {
  entries_.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) add(i, names[i]);
}

std::size_t ServerNames::intern(std::size_t name, Set set) {
  const auto [at, is_new] = interned_.emplace(std::pair(name, std::move(set)), sets_.size());
  if (is_new) sets_.push_back({name, at->first.second});
  return at->second;
}

void ServerNames::add(std::size_t index, const ServerName& name) {
  Entry& entry = entries_[index];
  // What the first certificate is for goes with the others for the same names: RSA beside EC.
  std::unordered_map<std::string, Set, StringHash, std::equal_to<>> by_name;
  for (std::size_t i = 0; i < name.certificates.size(); ++i) {
    for (const std::string& dns : name.certificates[i].leaf().names().dns)
      by_name[lower_case(dns)].push_back(i);
  }
  Set fallback{0};
  const auto first_names = name.certificates.front().leaf().names().dns;
  if (!first_names.empty()) fallback = by_name[lower_case(first_names.front())];
  if (std::ranges::find(fallback, std::size_t{0}) == fallback.end()) fallback = {0};
  entry.fallback = intern(index, first_of_each_key(name, fallback));
  for (const auto& [dns, set] : by_name) {
    const std::size_t interned = intern(index, first_of_each_key(name, set));
    if (dns.starts_with("*.")) {
      entry.wildcard.emplace(dns.substr(2), interned);
    } else {
      entry.exact.emplace(dns, interned);
    }
  }
  const std::string hostname = lower_case(name.hostname);
  if (hostname.empty()) {
    if (!any_) any_ = index;
  } else if (hostname.starts_with("*.")) {
    wildcard_.emplace(hostname.substr(2), index);
  } else {
    exact_.emplace(hostname, index);
  }
}

std::optional<std::size_t> ServerNames::find(std::string_view sni) const noexcept {
  const Entry* entry = nullptr;
  if (const auto found = exact_.find(sni); found != exact_.end()) {
    entry = &entries_[found->second];
  } else {
    for (std::string_view parent = parent_of(sni); !parent.empty() && entry == nullptr;
         parent = parent_of(parent)) {
      if (const auto suffix = wildcard_.find(parent); suffix != wildcard_.end())
        entry = &entries_[suffix->second];
    }
  }
  if (entry == nullptr && any_) entry = &entries_[*any_];
  if (entry == nullptr) return std::nullopt;
  if (const auto exact = entry->exact.find(sni); exact != entry->exact.end()) return exact->second;
  if (const auto wildcard = entry->wildcard.find(parent_of(sni)); wildcard != entry->wildcard.end()) {
    return wildcard->second;
  }
  return entry->fallback;
}

}  // namespace turnpike::tls
