# Flags that every target of ours is built with.
add_library(turnpike_flags INTERFACE)
target_compile_options(turnpike_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
  -Wno-missing-designated-field-initializers  # leaving the rest at their defaults is the point of naming fields
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(turnpike_flags INTERFACE TURNPIKE_VERSION="${PROJECT_VERSION}")
target_include_directories(turnpike_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)

if(TURNPIKE_SANITIZE STREQUAL "address")
  # Coroutine frames are recycled by our own pool; it steps aside under this definition so that ASan sees each of them.
  set(flags -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(TURNPIKE_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread)
elseif(NOT TURNPIKE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "TURNPIKE_SANITIZE is '${TURNPIKE_SANITIZE}': use address, thread or nothing")
endif()
if(flags)
  target_compile_options(turnpike_flags INTERFACE ${flags})
  target_link_options(turnpike_flags INTERFACE ${flags})
  target_compile_definitions(turnpike_flags INTERFACE TURNPIKE_SANITIZED=1)
endif()
if(TURNPIKE_FUZZ)
  target_compile_options(turnpike_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(MOLD mold)
if(MOLD)
  target_link_options(turnpike_flags INTERFACE -fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Small libraries are linked in: one file to copy, and half the pages to load. OpenSSL stays shared, so that its security
# updates come from the distribution.
foreach(name yaml-cpp re2 cares)
  find_library(TURNPIKE_LIB_${name} NAMES lib${name}.a ${name} REQUIRED)
endforeach()
