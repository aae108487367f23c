# Finds libmd, message digests: target LibMD::md.
find_path(LibMD_INCLUDE_DIR sha2.h)
find_library(LibMD_LIBRARY md)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibMD REQUIRED_VARS LibMD_LIBRARY LibMD_INCLUDE_DIR)

if(LibMD_FOUND AND NOT TARGET LibMD::md)
  add_library(LibMD::md UNKNOWN IMPORTED)
  set_target_properties(LibMD::md PROPERTIES IMPORTED_LOCATION ${LibMD_LIBRARY}
                                             INTERFACE_INCLUDE_DIRECTORIES ${LibMD_INCLUDE_DIR})
endif()
mark_as_advanced(LibMD_INCLUDE_DIR LibMD_LIBRARY)
