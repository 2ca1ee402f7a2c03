// `turnpike explain`.
#include <cstdio>

#include "cli/commands.h"

namespace turnpike::cli {

control::Exit explain(const Arguments&) {
  std::fputs("turnpike explain: not built in yet\n", stderr);
  return control::Exit::internal;
}

}  // namespace turnpike::cli
