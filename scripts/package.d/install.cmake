# Decides where `cmake --install`, the Debian package and the portable tarball put files.
#
# Components: "program" (the command), "portable" (the same, for any Linux), "debian"
# (additions of the Debian package), "files" (everything else). The units and the
# completion of zsh contain the command's path, so they are written at install time.
include(GNUInstallDirs)
set(RELEASE_DOC_DIR ${CMAKE_INSTALL_DATADIR}/doc/release)

find_program(GZIP gzip REQUIRED)
set(RELEASE_MADE ${CMAKE_BINARY_DIR}/install)
file(MAKE_DIRECTORY ${RELEASE_MADE})
set(RELEASE_MADE_FILES)
macro(release_made name)
  add_custom_command(OUTPUT ${RELEASE_MADE}/${name} VERBATIM ${ARGN})
  list(APPEND RELEASE_MADE_FILES ${RELEASE_MADE}/${name})
endmacro()
foreach(page release.8 release.toml.5)
  release_made(${page}.gz DEPENDS docs/${page}
    COMMAND ${GZIP} -9nc ${CMAKE_SOURCE_DIR}/docs/${page} > ${RELEASE_MADE}/${page}.gz)
endforeach()
configure_file(scripts/package.d/changelog ${RELEASE_MADE}/changelog @ONLY)
release_made(changelog.gz DEPENDS ${RELEASE_MADE}/changelog
  COMMAND ${GZIP} -9nc ${RELEASE_MADE}/changelog > ${RELEASE_MADE}/changelog.gz)
foreach(shell bash zsh fish)
  release_made(completion.${shell} DEPENDS release
    COMMAND release completion ${shell} > ${RELEASE_MADE}/completion.${shell})
endforeach()
# Lists the components of a program, with their terms: install/TARGET/release.spdx.json
# and install/TARGET/linked.
function(release_sbom target)
  set(made ${RELEASE_MADE}/${target})
  add_custom_command(OUTPUT ${made}/release.spdx.json VERBATIM
    DEPENDS ${target} scripts/package.d/sbom scripts/package.d/changelog
    COMMAND ${CMAKE_COMMAND} -E env DPKG_ADMINDIR=${CMAKE_SYSROOT}/var/lib/dpkg
      ${CMAKE_SOURCE_DIR}/scripts/package.d/sbom
      --build ${CMAKE_BINARY_DIR} --target ${target} --version ${PROJECT_VERSION}
      --map ${CMAKE_BINARY_DIR}/${target}.map --program $<TARGET_FILE:${target}>
      ${made})
  list(APPEND RELEASE_MADE_FILES ${made}/release.spdx.json)
  set(RELEASE_MADE_FILES ${RELEASE_MADE_FILES} PARENT_SCOPE)
endfunction()
release_sbom(release)
if(RELEASE_PORTABLE)
  release_sbom(release_portable)
endif()
add_custom_target(release_install_files ALL DEPENDS ${RELEASE_MADE_FILES})

install(TARGETS release COMPONENT program)
install(DIRECTORY ${RELEASE_MADE}/release/
  DESTINATION ${RELEASE_DOC_DIR} COMPONENT program)
if(RELEASE_PORTABLE)
  install(TARGETS release_portable COMPONENT portable EXCLUDE_FROM_ALL)
  install(DIRECTORY ${RELEASE_MADE}/release_portable/
    DESTINATION ${RELEASE_DOC_DIR} COMPONENT portable EXCLUDE_FROM_ALL)
endif()

install(FILES ${RELEASE_MADE}/release.8.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT files)
install(FILES ${RELEASE_MADE}/release.toml.5.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT files)
install(FILES ${RELEASE_MADE}/completion.bash RENAME release
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT files)
install(FILES ${RELEASE_MADE}/completion.fish RENAME release.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT files)
install(FILES systemd/sysusers.d/release.conf
  DESTINATION lib/sysusers.d COMPONENT files)
install(FILES systemd/tmpfiles.d/release.conf
  DESTINATION lib/tmpfiles.d COMPONENT files)

# The documents keep their places relative to each other, so that the links in them
# work as installed; scripts/test checks it.
install(FILES README.md CONTRIBUTING.md scripts/package.d/copyright
  ${RELEASE_MADE}/changelog.gz DESTINATION ${RELEASE_DOC_DIR} COMPONENT files)
install(DIRECTORY docs DESTINATION ${RELEASE_DOC_DIR} COMPONENT files)
install(DIRECTORY scripts/ci-templates DESTINATION ${RELEASE_DOC_DIR}/scripts
  COMPONENT files)
install(FILES scripts/ansible/README.md
  DESTINATION ${RELEASE_DOC_DIR}/scripts/ansible COMPONENT files)
# Where Ansible looks for collections if the prefix is /usr.
install(DIRECTORY scripts/ansible/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/ansible/collections/ansible_collections/release/release
  COMPONENT files PATTERN __pycache__ EXCLUDE)
file(GLOB RELEASE_SAMPLES LIST_DIRECTORIES false CONFIGURE_DEPENDS docs/samples/*)
install(FILES ${RELEASE_SAMPLES}
  DESTINATION ${RELEASE_DOC_DIR}/examples COMPONENT files)
install(DIRECTORY docs/samples/apps docs/samples/instances
  DESTINATION ${RELEASE_DOC_DIR}/examples COMPONENT files)

file(GLOB RELEASE_UNITS CONFIGURE_DEPENDS
  systemd/*.service systemd/*.path systemd/*.timer)
install(CODE "
  set(units \"${RELEASE_UNITS}\")
  set(completion \"${RELEASE_MADE}/completion.zsh\")
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")" COMPONENT files)
install(SCRIPT scripts/package.d/install_for_prefix.cmake COMPONENT files)

install(FILES scripts/package.d/debian/lintian-overrides RENAME release
  DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  COMPONENT debian EXCLUDE_FROM_ALL)
