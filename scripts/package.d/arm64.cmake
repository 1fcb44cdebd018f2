# Compiles for arm64 on another processor, against build/sysroot-arm64, which
# scripts/package.d/sysroot makes.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
get_filename_component(CMAKE_SYSROOT
  ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot-arm64 ABSOLUTE)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
foreach(language C CXX)
  set(CMAKE_${language}_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
endforeach()
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# The sysroot's libraries before those of the cross compiler's packages, which get
# no security fixes.
set(libraries ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu)
file(GLOB compiler ${CMAKE_SYSROOT}/usr/lib/gcc/aarch64-linux-gnu/*)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-B${libraries} -L${libraries} -L${compiler}")
# Runs what the build itself runs: the command prints its completions.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L ${CMAKE_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
