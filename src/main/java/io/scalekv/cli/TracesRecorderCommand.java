package io.scalekv.cli;

import io.scalekv.io.TextFile;
import io.scalekv.profile.trace.TraceManifest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Recorder for PyTorch, on stdout. */
@Command(
    name = "recorder",
    description = "Prints the recorder: one Python file that needs PyTorch 2.1 or newer alone.",
    footer = {"  ./scalekv traces recorder > record.py", "  ./scalekv traces recorder --help"})
final class TracesRecorderCommand implements Callable<Integer> {
  @Spec private CommandSpec command;

  @Override
  public Integer call() {
    command
        .commandLine()
        .getOut()
        .print(TextFile.resource(TraceManifest.class, "record.py").orElseThrow());
    command.commandLine().getOut().flush();
    return 0;
  }
}
