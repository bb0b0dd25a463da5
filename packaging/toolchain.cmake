# The toolchain of a native: the scripts that packaging/natives wrote for a target, and nothing else of this machine.
# BCDA_NATIVE is the directory of the target.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BCDA_NATIVE)
get_filename_component(target ${BCDA_NATIVE} NAME)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR ${target})
set(CMAKE_SYSTEM_NAME Linux)

set(CMAKE_C_COMPILER ${BCDA_NATIVE}/tools/cc)
set(CMAKE_CXX_COMPILER ${BCDA_NATIVE}/tools/c++)
set(CMAKE_AR ${BCDA_NATIVE}/tools/ar CACHE FILEPATH "")
set(CMAKE_RANLIB ${BCDA_NATIVE}/tools/ranlib CACHE FILEPATH "")

# Programs of this machine, but libraries and headers of the prefix alone.
set(CMAKE_FIND_ROOT_PATH ${BCDA_NATIVE}/prefix)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(BCDA_NOTICES ${BCDA_NATIVE}/prefix/share)
if(target MATCHES musl)
  set(BCDA_RUNTIME LLVM zig musl)
else()
  set(BCDA_RUNTIME LLVM zig glibc)  # of glibc little more than what starts a program
endif()

set(CMAKE_PROJECT_INCLUDE ${CMAKE_CURRENT_LIST_DIR}/precompile.cmake)
# For musl, zig makes code for a fixed address, unless told otherwise.
if(target MATCHES musl)
  set(CMAKE_C_FLAGS_INIT -fPIC)
  set(CMAKE_CXX_FLAGS_INIT -fPIC)
endif()

# See runtime/stack_guard.c. A static command for musl has musl's own.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-s -pie")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-s ${BCDA_NATIVE}/prefix/lib/stack_guard.o")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-s ${BCDA_NATIVE}/prefix/lib/stack_guard.o")
if(target MATCHES gnu)
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " ${BCDA_NATIVE}/prefix/lib/stack_guard.o")
endif()

# In libraries, the system's unwinder comes before the one that zig brings along. See runtime/libgcc_s.c. It is a path,
# because zig takes -lgcc_s for its own. The command has no frames of others, so it does not need the system's.
if(target MATCHES gnu)
  string(APPEND CMAKE_SHARED_LINKER_FLAGS_INIT " ${BCDA_NATIVE}/prefix/lib/libgcc_s.so.1")
  string(APPEND CMAKE_MODULE_LINKER_FLAGS_INIT " ${BCDA_NATIVE}/prefix/lib/libgcc_s.so.1")
endif()
