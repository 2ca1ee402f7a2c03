// What a configuration asks for and does not get: said aloud rather than passed over.
#pragma once

#include <vector>

#include "resource/diagnostic.h"
#include "resource/store.h"

namespace turnpike::plan {

// Warns of each setting that can be written and is not served (yet), of routes of kinds that are not, and of
// rules that do not do what they seem to.
void warn_of_unserved(const resource::Store& store, std::vector<resource::Diagnostic>& diagnostics);

}  // namespace turnpike::plan
