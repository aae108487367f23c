# Flags that every target of this project is compiled with, and no consumer sees.
add_library(attune_options INTERFACE)

target_compile_options(attune_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  # Nobody reads errno after std::sqrt or traps floating-point exceptions; loops vectorise without.
  -fno-math-errno -fno-trapping-math)
if(ATTUNE_DEVELOPER_WARNINGS)
  target_compile_options(attune_options INTERFACE -Werror)
endif()

if(ATTUNE_SANITIZE STREQUAL "address")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Tests call what is to be watched; to watch their own arithmetic takes a third of their compilation.
  define_property(TARGET PROPERTY ATTUNE_NO_UBSAN INITIALIZE_FROM_VARIABLE ATTUNE_NO_UBSAN)
elseif(ATTUNE_SANITIZE STREQUAL "thread")
  # Debian's TBB and libgomp are not instrumented: ThreadSanitizer would report their hand-overs and
  # could not see ours. This build runs the parallel loops on std::jthread instead.
  set(sanitize -fsanitize=thread -fno-omit-frame-pointer)
  target_compile_definitions(attune_options INTERFACE ATTUNE_PARALLEL_JTHREAD)
elseif(NOT ATTUNE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ATTUNE_SANITIZE: expected empty, address or thread, got ${ATTUNE_SANITIZE}")
endif()
if(ATTUNE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT ATTUNE_SANITIZE STREQUAL "address")
    message(FATAL_ERROR "ATTUNE_FUZZ takes clang and ATTUNE_SANITIZE=address")
  endif()
  target_compile_options(attune_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(sanitize)
  # Instrumentation keeps GCC from following values, and it then warns of what cannot happen in the
  # standard library's own code (GCC's manual, -fsanitize). The other presets keep these warnings.
  target_compile_options(attune_options INTERFACE ${sanitize}
    $<$<BOOL:$<TARGET_PROPERTY:ATTUNE_NO_UBSAN>>:-fno-sanitize=undefined>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(attune_options INTERFACE ${sanitize})
endif()
