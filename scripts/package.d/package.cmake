# Packages: `cpack -G DEB` a Debian package, `cpack -G TGZ` a tarball for any Linux
# of the processor, `cpack -G RPM` the same as a package for distributions with rpm.
# scripts/package makes them.
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
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/scripts/package.d/same_times.cmake)
# Read by package_generator.cmake: the processor, as in the name of the tarball.
set(CPACK_RELEASE_PROCESSOR ${CMAKE_SYSTEM_PROCESSOR})
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
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
  # dpkg-shlibdeps does not look into a sysroot by itself.
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
    ${CMAKE_SYSROOT}/lib/aarch64-linux-gnu)
endif()

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_SUMMARY
  "Put releases of a service live atomically, and roll them back")
string(REPLACE "\n.\n" "\n\n" CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_RPM_PACKAGE_VENDOR "The maintainers of release")
set(CPACK_RPM_PACKAGE_LICENSE "none stated")
set(CPACK_RPM_PACKAGE_GROUP "System Environment/Base")
set(CPACK_RPM_PACKAGE_REQUIRES "curl")
# The program is static; what it runs is named above.
set(CPACK_RPM_PACKAGE_AUTOREQPROV OFF)
set(CPACK_RPM_COMPRESSION_TYPE xz)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/scripts/package.d/rpm/post)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/scripts/package.d/rpm/preun)
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/scripts/package.d/rpm/postun)
# Directories of other packages, besides those that cpack knows.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  /usr/lib/systemd /usr/lib/systemd/system /usr/lib/sysusers.d /usr/lib/tmpfiles.d
  /usr/share/ansible /usr/share/ansible/collections
  /usr/share/ansible/collections/ansible_collections
  /usr/share/man /usr/share/man/man5 /usr/share/man/man8
  /usr/share/bash-completion /usr/share/bash-completion/completions
  /usr/share/fish /usr/share/fish/vendor_completions.d
  /usr/share/zsh /usr/share/zsh/site-functions)
# The same sources give the same bytes, on any host. rpmbuild must not change the
# installed files, since the other packages have the same.
set(CPACK_RPM_SPEC_MORE_DEFINE
"%define packager ${CPACK_PACKAGE_CONTACT}
%define _buildhost localhost
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _build_id_links none
%define __os_install_post %{nil}")
include(CPack)
