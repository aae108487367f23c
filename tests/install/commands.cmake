# run(what command...): fails with the command's output if it does; leaves it in `output`.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output
                  ERROR_VARIABLE errors OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}\n${errors}")
  endif()
  message(STATUS "${what}: done")
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Builds the project SOURCE_DIR/name in WORK_DIR/name against what is installed in a prefix.
function(build_project name prefix)
  run("configuring ${name}" ${CMAKE_COMMAND} -S ${SOURCE_DIR}/${name} -B ${WORK_DIR}/${name}
      -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${CXX_COMPILER} -D CMAKE_BUILD_TYPE=Release
      -D CMAKE_PREFIX_PATH=${prefix})
  run("building ${name}" ${CMAKE_COMMAND} --build ${WORK_DIR}/${name})
endfunction()
