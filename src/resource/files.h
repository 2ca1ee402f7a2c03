// Finds and reads the files of a configuration.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace turnpike::resource {

struct FileText {
  std::string path;  // as the user would write it
  std::string text;
  std::string error;  // why there is no text; else empty
};

// All configuration files of the paths, in the order of the paths and then of their names; none twice. A
// folder's files are those ending in .yaml, .yml or .json; names that begin with a dot are passed over, which
// is what makes the folders of a mounted ConfigMap (..data and its like) come out once. Stops with an error
// when a limit is passed.
std::vector<FileText> read_files(std::span<const std::string> paths, std::size_t max_bytes,
                                 std::size_t max_files);

}  // namespace turnpike::resource
