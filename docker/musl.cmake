# Toolchain of the static binary: musl, and the archives of static-dependencies.sh found through their .pc files.
# PGENTRY_STATIC_PREFIX says where these are. Used by the preset `static`; see static.sh.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER musl-gcc)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PGENTRY_STATIC_PREFIX)
if(NOT EXISTS ${PGENTRY_STATIC_PREFIX}/lib/libpq.a)
  message(FATAL_ERROR "PGENTRY_STATIC_PREFIX does not name a folder made by docker/static-dependencies.sh")
endif()

# Only the archives, never this system's own libraries.
set(ENV{PKG_CONFIG_LIBDIR} ${PGENTRY_STATIC_PREFIX}/lib/pkgconfig)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(CMAKE_FIND_ROOT_PATH ${PGENTRY_STATIC_PREFIX})

# As the archives were compiled, but for no-merge-constants: merged, our strings would lie among those of all archives, each
# in a page of its own. The linker leaves out what nobody calls, and one page-aligned segment less is mapped without
# separate-code.
set(CMAKE_C_FLAGS_INIT
    "-fno-pie -fno-merge-constants -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fstack-protector-strong -fstack-clash-protection -idirafter ${PGENTRY_STATIC_PREFIX}/kernel-headers"
)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -no-pie -Wl,--gc-sections -Wl,-z,noseparate-code -Wl,-z,noexecstack")
set(CMAKE_EXE_LINKER_FLAGS_MINSIZEREL_INIT "-s")
