// The reference documentation of the configuration, made from the tables that the decoder works by.
#pragma once

#include <string>

namespace turnpike::resource {

// docs/configuration.md: every kind, every field, with type, default and meaning, in Markdown.
std::string configuration_reference();

}  // namespace turnpike::resource
