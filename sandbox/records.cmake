# Puts the JSON files of records/ into a source file: records_source(RESULT DIRECTORY).
function(records_source result directory)
  file(GLOB forms RELATIVE ${directory} CONFIGURE_DEPENDS ${directory}/*/*.json)
  set(rows)
  foreach(form ${forms})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${directory}/${form})
    file(READ ${directory}/${form} json)
    string(REGEX REPLACE "[.]json$" "" name ${form})
    string(APPEND rows "      {\"${name}\", R\"form(${json})form\"},\n")
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/record_forms.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"form.hpp\"

namespace libbcda::sandbox {

const std::vector<FormSource>& form_sources() {
  static const std::vector<FormSource> sources = {
@rows@  };
  return sources;
}

}  // namespace libbcda::sandbox
")
  set(${result} ${source} PARENT_SCOPE)
endfunction()
