// Cuts a file into its YAML documents without parsing it, so that only those that changed need be parsed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace turnpike::resource {

struct DocumentText {
  std::string_view text;         // from its line '---', if it has one, up to the next document
  std::uint32_t first_line = 1;  // of `text` in the file
};

// In a YAML stream '---' or '...' at the beginning of a line, followed by a blank or the end of the line,
// always ends the document, even within a block scalar or quotes (YAML 1.2.2 §9.1.2). Comments and directives
// before a '---' belong to what follows it. The views point into `file`.
std::vector<DocumentText> split_documents(std::string_view file);

}  // namespace turnpike::resource
