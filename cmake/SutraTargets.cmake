# Interface targets for warnings, sanitizers and hardening, and the two ways to declare a target.

add_library(sutra_flags INTERFACE)
target_compile_options(sutra_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-qual -Woverloaded-virtual -Wnull-dereference -Wswitch-enum -Wformat=2
  # In a unity build a name of one file is in sight of the next, and to shadow it is no fault.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
  # Of libraries too: they end in programs only, and all that is compiled alike can share a precompiled header.
  -fPIE
  # GCC 12 sees overlaps in "text" + std::string that are not there (its bug 105651).
  -Wno-restrict
  $<$<BOOL:${SUTRA_WERROR}>:-Werror>)
# The root only: includes read "common/result.h", so a file's directory is always in sight.
target_include_directories(sutra_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(sutra_flags INTERFACE _GNU_SOURCE)
if(SUTRA_SANITIZE)
  # The list of sanitizers has commas of its own, which a generator expression would take for arguments.
  target_compile_options(sutra_flags INTERFACE -fsanitize=${SUTRA_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(sutra_flags INTERFACE -fsanitize=${SUTRA_SANITIZE})
endif()
if(SUTRA_HARDEN)
  target_compile_options(sutra_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
    -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  target_link_options(sutra_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# toml++ compiled in, without exceptions; one setting for the whole project, because every user of it compiles
# the same functions and the linker keeps one of each.
add_library(sutra_toml INTERFACE)
target_compile_definitions(sutra_toml INTERFACE
  TOML_EXCEPTIONS=0 TOML_HEADER_ONLY=1 TOML_ENABLE_FORMATTERS=0
  # Version 3.3 asserts on malformed headers ("[[[a]]]") which it reports as an error when it does not: no file may
  # abort us.
  "TOML_ASSERT=static_cast<void>")

# sutra_library(name SOURCES... [LIBS libs...]): one library a directory.
function(sutra_library name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC sutra_flags ${ARG_LIBS})
endfunction()

# sutra_executable(name SOURCES... [LIBS libs...]): a thin main over libraries.
function(sutra_executable name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE sutra_flags ${ARG_LIBS})
  if(SUTRA_HARDEN)
    target_link_options(${name} PRIVATE -pie)
  endif()
endfunction()
