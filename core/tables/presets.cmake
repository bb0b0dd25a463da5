# Puts the ViewDefinitions of presets/ into a source file: presets_source(RESULT DIRECTORY).
function(presets_source result directory)
  file(GLOB tables RELATIVE ${directory}/v3 CONFIGURE_DEPENDS ${directory}/v3/*.json)
  set(rows)
  foreach(table ${tables})
    foreach(generation stu3 v2 v3)
      set(path ${directory}/${generation}/${table})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
      file(READ ${path} json)
      string(REGEX REPLACE "[.]json$" "" name ${table})
      string(APPEND rows "      {Generation::${generation}, \"${name}\", R\"view(${json})view\"},\n")
    endforeach()
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/preset_views.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include \"tables/presets.hpp\"

namespace libbcda::tables {

const std::vector<PresetView>& preset_views() {
  static const std::vector<PresetView> views = {
@rows@  };
  return views;
}

}  // namespace libbcda::tables
")
  set(${result} ${source} PARENT_SCOPE)
endfunction()
