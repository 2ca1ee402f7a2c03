// For tests: where the corpora that others published lie, if they are there.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace turnpike::http {

inline std::filesystem::path corpus(const std::string& name) {
  const char* const set = std::getenv("TURNPIKE_CORPORA");
  const std::filesystem::path root = set != nullptr ? set : TURNPIKE_SOURCE_DIR "/../shared/corpora";
  return root / name;
}

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace turnpike::http

// Ends the test as skipped, by name, where the corpus is absent.
#define TURNPIKE_NEEDS_CORPUS(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "corpus absent: " << (path).string()
