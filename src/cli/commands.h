// The commands. Each answers how the program is to end.
#pragma once

#include "cli/arguments.h"

namespace turnpike::cli {

control::Exit run(const Arguments& arguments);  // run and proxy
control::Exit check(const Arguments& arguments);
control::Exit explain(const Arguments& arguments);
control::Exit reference();
control::Exit version(const Arguments& arguments);
control::Exit upgrade(const Arguments& arguments);
control::Exit completion(const Arguments& arguments);

}  // namespace turnpike::cli
