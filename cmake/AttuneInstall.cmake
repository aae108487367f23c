# Installation: find_package(attune) gives attune::attune.
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/attune)
install(TARGETS attune EXPORT attune-targets FILE_SET HEADERS)
install(EXPORT attune-targets NAMESPACE attune:: DESTINATION ${config_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/attune-config.cmake.in
                              ${PROJECT_BINARY_DIR}/attune-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/attune-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/attune-config.cmake
              ${PROJECT_BINARY_DIR}/attune-config-version.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindLibMD.cmake
        DESTINATION ${config_dir})
if(TARGET attune_cli)
  install(TARGETS attune_cli)
endif()
