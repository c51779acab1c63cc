# The wall between the supervisor and the network libraries, at configure time and at compile time.
# tests/boundary looks at what was built.

# sutra_poison(targets...): naming grpc, absl, protobuf or OpenSSL in their sources is a compile error.
function(sutra_poison)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE "SHELL:-include ${CMAKE_SOURCE_DIR}/supervisor/no_network_libraries.h")
  endforeach()
endfunction()

# sutra_assert_closure(target [FORBIDDEN regex...]): configuring fails when anything that `target` links, over
# any number of steps, has a name that matches. Looks when all targets exist. Names are compared in lower case,
# and of a path only the file's name.
function(sutra_assert_closure target)
  cmake_parse_arguments(ARG "" "" "FORBIDDEN" ${ARGN})
  if(NOT ARG_FORBIDDEN)
    set(ARG_FORBIDDEN grpc protobuf absl ssl crypto)
  endif()
  list(JOIN ARG_FORBIDDEN "|" pattern)
  # EVAL, because a deferred call would look its arguments up when this function's variables are gone.
  cmake_language(EVAL CODE
    "cmake_language(DEFER DIRECTORY [[${CMAKE_SOURCE_DIR}]] CALL _sutra_walk_closure [[${target}]] [[${pattern}]])")
endfunction()

# What a target asks its consumers to link, and links itself, without the wrapping of generator expressions.
function(_sutra_links_of item out)
  set(links)
  foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
    get_target_property(some ${item} ${property})
    if(some)
      list(APPEND links ${some})
    endif()
  endforeach()
  list(TRANSFORM links REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1")
  list(FILTER links EXCLUDE REGEX "^::@")  # CMake's own notes of which directory an entry came from
  list(FILTER links EXCLUDE REGEX "^-?$")
  set(${out} "${links}" PARENT_SCOPE)
endfunction()

function(_sutra_walk_closure target pattern)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "The boundary: there is no target ${target}, so its links cannot be checked.")
  endif()
  set(queue ${target})
  set(seen)
  while(queue)
    list(POP_FRONT queue item)
    if(item IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${item}")
    if("${item}" MATCHES "^/")
      get_filename_component(name "${item}" NAME)
    else()
      set(name "${item}")
    endif()
    string(TOLOWER "${name}" name)
    if(name MATCHES "${pattern}" AND NOT item STREQUAL target)
      message(FATAL_ERROR "The boundary: ${target} links ${item} (${_via_${item}}). The supervisor may link no "
        "network library: move the code that needs it to comms/.")
    endif()
    if(TARGET "${item}")
      _sutra_links_of("${item}" links)
      foreach(link IN LISTS links)
        if(NOT DEFINED "_via_${link}")
          set("_via_${link}" "${_via_${item}}${item} -> ")
        endif()
        list(APPEND queue "${link}")
      endforeach()
    endif()
  endwhile()
  list(LENGTH seen count)
  math(EXPR count "${count} - 1")
  if(count LESS 3)
    message(FATAL_ERROR "The boundary: the walk over what ${target} links saw only ${count} libraries (${seen}), "
      "so it checked nothing. Repair the walk in cmake/Boundary.cmake.")
  endif()
  message(STATUS "The boundary: ${target} links ${count} libraries, none of them matches ${pattern}")
endfunction()
