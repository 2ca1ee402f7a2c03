// Judging a regular expression by itself, where it is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace turnpike::route {

// What is wrong with it, in RE2's words; "" if Table::compile() would take it.
std::string expression_error(std::string_view expression, std::size_t regex_memory = std::size_t{1} << 20);

}  // namespace turnpike::route
