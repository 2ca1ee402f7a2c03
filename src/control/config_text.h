// The resources in force as JSON, for GET /config.
#pragma once

#include "base/json_writer.h"
#include "resource/store.h"

namespace turnpike::control {

// An array: kind, namespace, name, labels and place of each resource. Of Secrets the keys are shown, never a
// value.
void write_resources(JsonWriter& json, const resource::Store& store);

}  // namespace turnpike::control
