// Resources as they were understood, as JSON: what was left out shows its default.
#pragma once

#include "base/json_writer.h"
#include "resource/meta.h"

namespace turnpike::resource {

// One object: apiVersion, kind, metadata, position and all that was read, under the names of the tables in
// schema.h. Of a Secret the keys are shown and never a value.
void write_json(JsonWriter& json, const Object& object, const Position& position);

}  // namespace turnpike::resource
