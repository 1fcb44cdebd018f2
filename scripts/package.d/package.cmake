# Packages: `cpack -G DEB` a Debian package, `cpack -G TGZ` a tarball for any
# x86-64 Linux. scripts/package makes both.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME release)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# As in scripts/package.d/changelog. Put your own address here before you publish packages.
set(CPACK_PACKAGE_CONTACT "The maintainers of release <release@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "put releases of a service live atomically, and roll them back")
set(CPACK_PACKAGE_DESCRIPTION
"release unpacks an archive beside the running version, checks it, makes it
durable, swaps one symbolic link in one step, has the service reload and looks
whether the new version really serves. Where it does not, it goes back by
itself; an admin goes back in milliseconds at any time, also on a full disk and
without a network.
.
It is called over SSH, by systemd when a release is uploaded, or by hand. There
is no daemon and no control server.")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_SOURCE_DIR}/scripts/package.d/package_generator.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Health probes and notices that speak HTTP run it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "curl")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/scripts/package.d/debian/${script})
endforeach()
include(CPack)
