package io.scalekv.cli;

import picocli.CommandLine.Command;

/** Group of the commands for role files. */
@Command(
    name = "roles",
    description = "Prints and compares role files; reads and writes those of other projects.",
    subcommands = {
      RolesShowCommand.class,
      RolesImportCommand.class,
      RolesExportCommand.class,
      RolesDiffCommand.class
    },
    footer = {
      "  ./scalekv roles show out/calibration/roles.json",
      "  ./scalekv roles diff shipped out/calibration/roles.json"
    })
final class RolesCommand {}
