// Which requests are gRPC calls.
#pragma once

#include "http/grpc/content_type.h"
#include "http/message.h"

namespace turnpike::http::grpc {

// The protocol of a call: POST with a content-type of gRPC or gRPC-Web; Kind::none for all other requests.
inline Kind call_kind(const RequestHead& head) noexcept {
  if (head.method != Method::post) return Kind::none;
  return kind_of(head.fields.value(FieldId::content_type));
}

// Whether a browser asks if it may make a call (Fetch, CORS-preflight request).
inline bool is_call_preflight(const RequestHead& head) noexcept {
  return head.method == Method::options &&
         head.fields.value(FieldId::access_control_request_method) == "POST" &&
         head.fields.find(FieldId::origin) != nullptr;
}

}  // namespace turnpike::http::grpc
