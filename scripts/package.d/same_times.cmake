# Gives all files of an .rpm the same time. Run by cpack between the installation
# into its staging directory and rpmbuild, which only lowers times that are later.
# The other generators set the time themselves.
if(CPACK_GENERATOR STREQUAL "RPM" AND NOT "$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  execute_process(COMMAND_ERROR_IS_FATAL ANY
    COMMAND find ${CPACK_TEMPORARY_INSTALL_DIRECTORY}
      -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +)
endif()
