package io.scalekv.cli;

import io.scalekv.profile.trace.TraceSummary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Content of a recording. */
@Command(
    name = "show",
    description = "Checks the files of a recording and prints what it holds.",
    footer = {"  ./scalekv traces show traces", "  ./scalekv traces show traces --json"})
final class TracesShowCommand implements Callable<Integer> {
  @Mixin private Output output;

  @Parameters(paramLabel = "DIR", description = "Folder with trace.json.")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    TraceSummary summary = TraceSummary.of(folder);
    output.json(summary);
    summary.lines().forEach(line -> output.line("%s", line));
    output.table(
        List.of("index", "prompt", "seed", "file", "MiB"),
        summary.prompts(),
        p -> Output.row(p.index(), p.prompt(), p.seed(), p.file(), Output.mib(p.bytes())));
    output.next("calibrate", "--traces", folder);
    return 0;
  }
}
