package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Commands for role files. */
@Command(
    name = "roles",
    description = "Print and compare role files; read and write those of other projects.",
    subcommands = {
      RolesShowCommand.class,
      RolesImportCommand.class,
      RolesExportCommand.class,
      RolesDiffCommand.class
    })
final class RolesCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "missing a command: give roles show, diff, export or import");
  }
}
