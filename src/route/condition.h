// How the value that a condition asks for is taken from a request. Shared by Table and explain().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/grpc/call.h"
#include "http/message.h"

namespace turnpike::route {

// The value of a field: of one that is repeated the values joined by "," (cookies by "; "), written to
// `joined`. Nothing if there is no such field. `id` is http::field_id(name).
std::optional<std::string_view> field_value(const http::RequestHead& head, http::FieldId id,
                                            std::string_view name, std::string& joined);

// Whether Match::grpc holds.
inline bool is_grpc(const http::RequestHead& head) noexcept {
  return http::grpc::call_kind(head) != http::grpc::Kind::none || http::grpc::is_call_preflight(head);
}

// The first value of a query parameter, percent-decoded with "+" as a space ("" where there is no "="). Names
// are compared after the same decoding. A "%" that two hexadecimal digits do not follow stands for itself.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name,
                                            std::string& decoded);

}  // namespace turnpike::route
