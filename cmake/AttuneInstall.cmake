# Installation, in components: `development` is what find_package(attune) and pkg-config need to give
# the library, `runtime` a shared library, `command` the attune command.
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/attune)
install(TARGETS attune EXPORT attune-targets
        ARCHIVE COMPONENT development
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
        FILE_SET HEADERS COMPONENT development)
install(EXPORT attune-targets NAMESPACE attune:: DESTINATION ${config_dir} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/attune-config.cmake.in
                              ${PROJECT_BINARY_DIR}/attune-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/attune-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/attune-config.cmake
              ${PROJECT_BINARY_DIR}/attune-config-version.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindLibMD.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindSentencePiece.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindUtf8proc.cmake
        DESTINATION ${config_dir} COMPONENT development)

# The libraries that attune stands on are shared ones: a static libattune names them itself, not in
# Libs.private, whose --static would ask for theirs as well.
set(pc_libraries "")
if(NOT BUILD_SHARED_LIBS)
  set(pc_libraries "-lboost_graph -ldnnl -lhwy -lmd -ltbb -lutf8proc -lz")
  if(ATTUNE_WITH_CURL)
    string(APPEND pc_libraries " -lcurl")
  endif()
  if(ATTUNE_WITH_SENTENCEPIECE)
    string(APPEND pc_libraries " -lsentencepiece")
  endif()
  if(OpenMP_CXX_FOUND)
    string(APPEND pc_libraries " -lgomp")
  endif()
endif()
# ${pcfiledir} keeps the file right wherever the prefix is moved to.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
           BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/attune.pc.in ${PROJECT_BINARY_DIR}/attune.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/attune.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT development)

if(TARGET attune_cli)
  install(TARGETS attune_cli COMPONENT command)
endif()
