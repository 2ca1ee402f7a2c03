// The table of each kind, as all_kinds() lists them.
#pragma once

#include "resource/schema.h"

namespace turnpike::resource {

const Struct& gateway_class_schema();
const Struct& gateway_schema();
const Struct& listener_set_schema();
const Struct& http_route_schema();
const Struct& grpc_route_schema();
const Struct& tls_route_schema();
const Struct& tcp_route_schema();
const Struct& udp_route_schema();
const Struct& reference_grant_schema();
const Struct& backend_tls_policy_schema();
const Struct& service_schema();
const Struct& endpoint_slice_schema();
const Struct& secret_schema();
const Struct& config_map_schema();
const Struct& namespace_schema();
const Struct& backend_schema();
const Struct& traffic_policy_schema();
const Struct& listener_policy_schema();
const Struct& telemetry_policy_schema();

}  // namespace turnpike::resource
