# attune/attune.hpp: includes every public header but the bridge to Boost.Graph, which brings in
# Boost's own. Made from the header set, so that none can be forgotten.
function(attune_write_umbrella target)
  get_target_property(headers ${target} HEADER_SET)
  list(REMOVE_DUPLICATES headers)
  set(includes "")
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "^.*/include/" "" name ${header})
    if(NOT name STREQUAL "attune/graph/boost_graph.hpp")
      list(APPEND includes "#include <${name}>")
    endif()
  endforeach()
  list(SORT includes)
  list(JOIN includes "\n" includes)
  set(umbrella ${PROJECT_BINARY_DIR}/include/attune/attune.hpp)
  file(CONFIGURE OUTPUT ${umbrella} @ONLY CONTENT [[
#pragma once

// Everything but <attune/graph/boost_graph.hpp>, which brings in Boost.Graph.
@includes@
]])
  target_sources(${target} PUBLIC FILE_SET HEADERS FILES ${umbrella})
endfunction()
