// `turnpike version`, `turnpike reference`, `turnpike completion`.
#include <cstdio>
#include <string>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "resource/reference.h"

namespace turnpike::cli {
namespace {

using control::Exit;

constexpr const char* kCompiler = "clang " __clang_version__;

}  // namespace

Exit version(const Arguments& arguments) {
  if (!arguments.json) {
    std::printf("turnpike %s (%s)\n", TURNPIKE_VERSION, kCompiler);
    return Exit::ok;
  }
  std::string text;
  JsonWriter(text, 2)
      .begin_object()
      .key("version")
      .value(TURNPIKE_VERSION)
      .key("compiler")
      .value(kCompiler)
      .end_object();
  std::puts(text.c_str());
  return Exit::ok;
}

Exit reference() {
  std::fputs(resource::configuration_reference().c_str(), stdout);
  return Exit::ok;
}

Exit completion(const Arguments& arguments) {
  std::fputs(completion_script(arguments.shell).c_str(), stdout);
  return Exit::ok;
}

}  // namespace turnpike::cli
