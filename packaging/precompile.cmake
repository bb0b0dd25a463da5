# How zig compiles a header for later: it adds -emit-pch by itself, and stops where CMake adds it too.
set(CMAKE_CXX_COMPILE_OPTIONS_CREATE_PCH -Xclang -include -Xclang <PCH_HEADER> -x c++-header -Xclang -fno-pch-timestamp)
