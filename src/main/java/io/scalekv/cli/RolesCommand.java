package io.scalekv.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Looks at role files, and brings them in and out. */
@Command(
    name = "roles",
    description =
        "Look at role files; read and write those of other projects; compare classifiers; see how"
            + " stable roles are.",
    subcommands = {
      RolesShowCommand.class,
      RolesImportCommand.class,
      RolesExportCommand.class,
      RolesDiffCommand.class,
      RolesCompareCommand.class,
      RolesStabilityCommand.class
    })
final class RolesCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "what to do with roles: show, import, export, diff, compare or stability expected, got nothing");
  }
}
