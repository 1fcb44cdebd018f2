# Installs the files that depend on the prefix. Run by `cmake --install` with `units`,
# `completion` and `bindir` set.

# A package is assembled below a staging directory; package_generator.cmake passes
# the final prefix in the environment.
set(prefix "${CMAKE_INSTALL_PREFIX}")
if(NOT "$ENV{RELEASE_FINAL_PREFIX}" STREQUAL "")
  set(prefix "$ENV{RELEASE_FINAL_PREFIX}")
endif()

# Debian's zsh looks into vendor-completions below /usr, and everywhere else
# into site-functions. package_generator.cmake knows for whom a package is.
set(zsh site-functions)
if(NOT "$ENV{RELEASE_ZSH_DIRECTORY}" STREQUAL "")
  set(zsh "$ENV{RELEASE_ZSH_DIRECTORY}")
elseif(prefix STREQUAL "/usr")
  set(zsh vendor-completions)
endif()
file(INSTALL "${completion}" DESTINATION "${CMAKE_INSTALL_PREFIX}/share/zsh/${zsh}"
  RENAME _release)

set(target "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
foreach(unit IN LISTS units)
  get_filename_component(name "${unit}" NAME)
  file(READ "${unit}" text)
  string(REPLACE "/usr/bin/release" "${prefix}/${bindir}/release" text "${text}")
  message(STATUS "Installing: ${target}/${name}")
  file(WRITE "${target}/${name}" "${text}")
  file(CHMOD "${target}/${name}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
