# Assembles the source of the R package in TO. CMakeLists.txt lists the parts.
file(REMOVE_RECURSE ${TO})
function(copy_files from to) # copy_files(FROM TO FILE...)
  foreach(file ${ARGN})
    get_filename_component(folder ${to}/${file} DIRECTORY)
    file(COPY ${from}/${file} DESTINATION ${folder})
  endforeach()
endfunction()
copy_files(${FROM} ${TO} ${FILES})
file(COPY ${FACADE} DESTINATION ${TO}/src)
configure_file(${FROM}/DESCRIPTION ${TO}/DESCRIPTION @ONLY)

# The sources of the library, with those that it compiles in. configure builds them where no library is installed.
function(copy_with_included header)
  if(NOT EXISTS ${THIRD_PARTY}/${header})
    copy_files(${FLATBUFFERS} ${THIRD_PARTY} ${header})
    file(STRINGS ${FLATBUFFERS}/${header} included REGEX "^#include \"flatbuffers/")
    foreach(line ${included})
      string(REGEX REPLACE ".*\"(.*)\".*" "\\1" header ${line})
      copy_with_included(${header})
    endforeach()
  endif()
endfunction()
if(CARRIED)
  set(LIBRARY ${TO}/tools/libbcda)
  set(THIRD_PARTY ${LIBRARY}/third-party)
  copy_files(${ROOT} ${LIBRARY} ${CARRIED})
  configure_file(${FROM}/libraries/CMakeLists.txt ${LIBRARY}/bindings/r/CMakeLists.txt COPYONLY)
  copy_files(${SIMDJSON} ${THIRD_PARTY} simdjson.h simdjson.cpp)
  copy_with_included(flatbuffers/flatbuffers.h)
  file(COPY ${LICENSES} DESTINATION ${THIRD_PARTY})
endif()

execute_process(
  COMMAND ${SWIG} -c++ -r -Wall -Werror -o ${TO}/src/bcda_wrap.cpp ${SWIG_DIR}/r.i
  COMMAND_ERROR_IS_FATAL ANY)

# SWIG's R code starts with an S4 runtime and gives each function its own class. Our types need neither, so both are
# removed.
file(READ ${TO}/src/bcda.R text)
file(REMOVE ${TO}/src/bcda.R)
string(FIND "${text}" "# Start of native_" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "SWIG wrote no functions")
endif()
string(SUBSTRING "${text}" ${begin} -1 text)
string(REGEX REPLACE "\n(attr|class)\\([^\n]*" "" text "${text}")
file(WRITE ${TO}/R/native.R "# Made by SWIG from flat.hpp and r.i.\n\n${text}")
