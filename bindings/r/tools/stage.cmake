# Assembles the source of the R package in TO. CMakeLists.txt lists the parts.
file(REMOVE_RECURSE ${TO})
foreach(file ${FILES})
  get_filename_component(folder ${TO}/${file} DIRECTORY)
  file(COPY ${FROM}/${file} DESTINATION ${folder})
endforeach()
file(COPY ${FACADE} DESTINATION ${TO}/src)
configure_file(${FROM}/DESCRIPTION ${TO}/DESCRIPTION @ONLY)

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
