// The gRPC service of the campus (rates.proto): what an amount is worth in another currency.
#pragma once

#include <memory>

#include "grpc_server.h"

namespace turnpike::demo {

std::unique_ptr<GrpcRole> make_rates();

}  // namespace turnpike::demo
