// The implementations that this build has; which of them the CPU can run is decided in scan.cc.
#pragma once

#include "http/h1/scan.h"

namespace turnpike::http::h1 {

extern const Scan kScalarScan;
#if defined(__x86_64__)
extern const Scan kSse42Scan;
extern const Scan kAvx2Scan;
#endif

}  // namespace turnpike::http::h1
