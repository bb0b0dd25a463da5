#!/bin/sh
# Projects that include this one, with add_subdirectory and with FetchContent: each builds programs and runs them. Only
# with ccache, which has the engine's objects from the build in BUILD_DIR. Otherwise the engine would be compiled again.
# usage: added_project.sh BUILD_DIR
set -eu
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
command -v ccache >/dev/null || { echo 'ccache is not installed' && exit 77; }
work=$(mktemp -d)
added=$(dirname "$build")/added-$$ # as deep as BUILD_DIR, so that ccache sees the same relative paths
trap 'rm -rf "$work" "$added"' EXIT
trap 'exit 1' INT TERM

step() { printf '== %s\n' "$*"; }
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

configure() { # configure PROJECT [ARGUMENT...]
  project=$1
  shift
  rm -rf "$added"
  cmake -S "$work/$project" -B "$added" -G Ninja -DCMAKE_C_COMPILER="$(cached CMAKE_C_COMPILER)" \
    -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2 && exit 1; }
}

build() {
  cmake --build "$added" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2 && exit 1; }
}

version=$(sed -n 's/^project(libbcda VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
runs() { # the program prints the version of the library
  [ "$("$added/$1")" = "$version" ]
}

mkdir "$work/add_subdirectory" "$work/fetch" "$work/git"
cat >"$work/main.c" <<'END'
#include <bcda/bcda.h>
#include <stdio.h>

int main(void) { return puts(bcda_version()) < 0; }
END

step 'add_subdirectory into a project in C'
cat >"$work/add_subdirectory/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(adds LANGUAGES C)
add_subdirectory("$source" libbcda)
add_executable(main "$work/main.c")
target_link_libraries(main PRIVATE bcda::bcda)
END
configure add_subdirectory -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)"
build
runs main
[ -z "$(find "$added" -name '*.a' ! -name 'libbcda_core.a')" ] # the shared library was built, and nothing else
[ -z "$(find "$added" -name 'libbcda_sandbox*' -o -name 'bcda' -type f)" ]

step 'FetchContent: the targets of find_package, and nothing of ours in the other project'
cat >"$work/fetch/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(fetches LANGUAGES C CXX)
include(FetchContent)
set(directory_properties COMPILE_DEFINITIONS COMPILE_OPTIONS INCLUDE_DIRECTORIES LINK_LIBRARIES LINK_OPTIONS)
get_cmake_property(before VARIABLES)
foreach(name IN LISTS before)
  set(value_\${name} "\${\${name}}")
endforeach()
FetchContent_Declare(bcda SOURCE_DIR "$source" OVERRIDE_FIND_PACKAGE)
find_package(bcda 0.2 REQUIRED COMPONENTS static sandbox)
foreach(name CMAKE_BUILD_TYPE CMAKE_C_STANDARD CMAKE_CXX_STANDARD CMAKE_CXX_EXTENSIONS CMAKE_CXX_VISIBILITY_PRESET
        CMAKE_POSITION_INDEPENDENT_CODE CMAKE_C_FLAGS CMAKE_CXX_FLAGS CMAKE_CXX_FLAGS_RELEASE CMAKE_SHARED_LINKER_FLAGS
        BUILD_TESTING BUILD_SHARED_LIBS)
  if(NOT "\${\${name}}" STREQUAL "\${value_\${name}}")
    message(FATAL_ERROR "\${name} was \"\${value_\${name}}\" and is \"\${\${name}}\"")
  endif()
endforeach()
foreach(name IN LISTS directory_properties)
  get_directory_property(value \${name})
  if(value)
    message(FATAL_ERROR "\${name} of the directory is \${value}")
  endif()
endforeach()
foreach(library bcda bcda_static bcda_sandbox)
  foreach(name INTERFACE_COMPILE_OPTIONS INTERFACE_COMPILE_DEFINITIONS INTERFACE_COMPILE_FEATURES INTERFACE_LINK_OPTIONS)
    get_target_property(value bcda::\${library} \${name})
    if(value)
      message(FATAL_ERROR "\${name} of bcda::\${library} is \${value}")
    endif()
  endforeach()
endforeach()
add_subdirectory("$source/examples/c" examples) # which calls find_package too
add_executable(main "$work/main.c")
target_link_libraries(main PRIVATE bcda::bcda_static)
add_executable(tests EXCLUDE_FROM_ALL "$work/main.c")
target_link_libraries(tests PRIVATE bcda::bcda_sandbox)
install(FILES CMakeLists.txt DESTINATION only)
END
configure fetch -DBCDA_BUILD_SANDBOX=ON
grep -qx 'CMAKE_BUILD_TYPE:STRING=' "$added/CMakeCache.txt"
cmake --install "$added" --prefix "$work/installed" >/dev/null
[ "$(cd "$work/installed" && find . -type f)" = ./only/CMakeLists.txt ]
configure fetch -DBCDA_BUILD_SANDBOX=ON -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)"
build
runs main
[ -x "$added/examples/export" ]
[ -z "$(find "$added" -name 'libbcda_sandbox*')" ] # nothing that is built by default needs it

if commit=$(git -C "$source" rev-parse HEAD 2>/dev/null); then
  step 'FetchContent from a repository'
  cat >"$work/git/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(fetches LANGUAGES C)
include(FetchContent)
FetchContent_Declare(bcda GIT_REPOSITORY "file://$source" GIT_TAG $commit)
FetchContent_MakeAvailable(bcda)
add_executable(main "$work/main.c")
target_link_libraries(main PRIVATE bcda::bcda)
END
  configure git # not built, because ccache has no objects of that directory
fi
echo ok
