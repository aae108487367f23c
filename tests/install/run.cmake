# Installs the build to a prefix of its own, moves it, and builds and runs programs against it: two
# projects that find_package(attune), one that asks pkg-config, one with a shared library.
# Variables: BUILD_DIR, SOURCE_DIR, WORK_DIR, GENERATOR, CXX_COMPILER, BINDIR, LIBDIR, HAS_CLI,
# SHARED_LIBRARY.
file(REMOVE_RECURSE ${WORK_DIR})
include(${SOURCE_DIR}/commands.cmake)

run("installing" ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/first)
file(RENAME ${WORK_DIR}/first ${WORK_DIR}/prefix)  # nothing may remember where it was installed to

build_project(consumer ${WORK_DIR}/prefix)
run("the consumer" ${WORK_DIR}/consumer/consumer ${WORK_DIR}/saved)
build_project(boost_consumer ${WORK_DIR}/prefix)
run("the consumer of a Boost graph" ${WORK_DIR}/boost_consumer/boost_consumer)

find_program(PKG_CONFIG NAMES pkgconf pkg-config)
if(PKG_CONFIG)
  set(ENV{PKG_CONFIG_PATH} ${WORK_DIR}/prefix/${LIBDIR}/pkgconfig)
  run("pkg-config" ${PKG_CONFIG} --cflags --libs attune)
  separate_arguments(flags UNIX_COMMAND "${output}")
  run("building with pkg-config's flags" ${CXX_COMPILER} -std=c++20 -O1
      ${SOURCE_DIR}/consumer/main.cpp ${flags} -o ${WORK_DIR}/by_pkg_config)
  run("the consumer by pkg-config" ${WORK_DIR}/by_pkg_config ${WORK_DIR}/saved_again)
else()
  message(STATUS "SKIPPED: pkg-config is not installed")
endif()

cmake_path(GET SHARED_LIBRARY PARENT_PATH shared_dir)
run("building with the shared library" ${CXX_COMPILER} -std=c++20 -O1
    ${SOURCE_DIR}/consumer/main.cpp -I${WORK_DIR}/prefix/include ${SHARED_LIBRARY}
    -Wl,-rpath,${shared_dir} -o ${WORK_DIR}/shared)
run("the consumer of the shared library" ${WORK_DIR}/shared ${WORK_DIR}/saved_by_shared)

# Nothing but attune's own names is shown: no other library's templates, no C symbols.
run("nm" nm --dynamic --defined-only --extern-only ${SHARED_LIBRARY})
string(REGEX MATCHALL "[^\n]+" symbols "${output}")
list(LENGTH symbols count)
list(FILTER symbols EXCLUDE REGEX "^[0-9a-f]+ [A-Zu] _Z(T[ISTV]|Th[n0-9]+_|Tv[n0-9_]+|GVZ)?NK?6attune")
if(symbols OR count LESS 100)
  message(FATAL_ERROR "the shared library shows ${count} symbols, of which foreign: ${symbols}")
endif()

if(HAS_CLI)
  run("the installed command" ${WORK_DIR}/prefix/${BINDIR}/attune --version)
endif()
file(REMOVE_RECURSE ${WORK_DIR})
