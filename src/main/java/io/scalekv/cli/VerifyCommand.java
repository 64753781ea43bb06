package io.scalekv.cli;

import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunJson;
import io.scalekv.experiment.RunResult;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.Verification;
import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Verification of results, which are derived again and compared. */
@Command(
    name = "verify",
    description =
        "Derives results again from their folder alone and compares every number; time, host and"
            + " memory of the process may differ.",
    footer = {
      "  ./scalekv verify out/table1 --run 07f035c238a40e12",
      "  ./scalekv verify out/table1-quick"
    })
final class VerifyCommand implements Callable<Integer> {
  @Mixin private NetOptions nets;
  @Mixin private MachineOptions machine;
  @Mixin private Output output;

  @Parameters(
      paramLabel = "RESULT",
      arity = "1..*",
      description = "Folders of results, or single results runs/ID.json.")
  private List<Path> files = List.of();

  @Option(names = "--run", paramLabel = "ID", description = "Verify only this run; repeatable.")
  private Set<String> chosen = new LinkedHashSet<>();

  @Option(
      names = "--reference",
      paramLabel = "DIR",
      description = "Trust the full cache's images in this folder (default: draw them again).")
  private Path reference;

  @Override
  public Integer call() throws IOException {
    UserNets user = nets.nets();
    List<Verification> verified = new ArrayList<>();
    for (Path file : files) {
      boolean folder = Files.isDirectory(file);
      Path root = folder ? file : file.toAbsolutePath().normalize().getParent().getParent();
      Require.that(
          root != null && Files.isRegularFile(root.resolve(ExperimentFile.NAME)),
          "%s is not a result or folder of results: %s is missing",
          file,
          ExperimentFile.NAME);
      Map<String, RunResult> results = folder ? Results.read(file).runs() : single(file);
      for (String id : results.keySet()) {
        if (chosen.isEmpty() || chosen.contains(id)) {
          verified.add(
              Verification.of(
                  root,
                  results.get(id),
                  reference,
                  user,
                  machine.threads.count(),
                  new RunProgress("runs", output)));
        }
      }
    }
    Require.that(!verified.isEmpty(), "missing finished runs in %s", files);
    output.json(Map.of("results", verified));
    for (Verification one : verified) {
      output.line("%s %s: %s", one.folder(), one.id(), one.same() ? "same" : "differs");
      one.differences().forEach(d -> output.line("  %s", d));
      if (one.note() != null) {
        output.line("  %s", one.note());
      }
    }
    return verified.stream().allMatch(Verification::same) ? 0 : Failure.WHILE_WORKING;
  }

  private static Map<String, RunResult> single(Path file) throws IOException {
    RunResult result = RunJson.read(file);
    return Map.of(result.id(), result);
  }
}
