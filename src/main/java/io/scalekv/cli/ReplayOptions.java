package io.scalekv.cli;

import io.scalekv.cache.Budget;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.experiment.RunListener;
import io.scalekv.study.Study;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of the study replay: recorded attention and the policies to replay over it. */
@HelpGroup(HelpGroup.Heading.CACHE)
final class ReplayOptions {
  @Option(
      names = "--traces",
      paramLabel = "DIR",
      description = "Recorded attention of the study replay.")
  private Path traces;

  @Option(
      names = "--policies",
      paramLabel = "P,P,…",
      description =
          "Policies to replay, with their settings, such as h2o,snapkv:window=grid,w=16 (default:"
              + " every policy).")
  private String policies = "";

  @Option(
      names = "--budgets",
      paramLabel = "B,B,…",
      split = ",",
      defaultValue = "20%,10%,4%",
      description = "Budgets of each policy (default: 20%%,10%%,4%%).")
  private List<Budget> budgets;

  @Option(
      names = "--roles",
      paramLabel = "FILE",
      description = "Calibration of the policies, as calibrate --traces leaves it.")
  private Path roles;

  /** Returns the inputs of a study, the traces last. */
  List<Path> with(List<Path> inputs) {
    return traces == null ? inputs : Stream.concat(inputs.stream(), Stream.of(traces)).toList();
  }

  /** Returns the policies; a comma before {@code name=} continues the settings of a policy. */
  Study.Replay replay(RunListener progress) {
    List<PolicySpec> specs =
        Stream.of(policies.split(",(?![^,:]*=)"))
            .filter(p -> !p.isBlank())
            .map(ReplayOptions::policy)
            .toList();
    return new Study.Replay(specs, budgets, roles, progress);
  }

  private static PolicySpec policy(String text) {
    try {
      return Main.policy(text);
    } catch (TypeConversionException e) {
      throw new IllegalArgumentException("--policies " + e.getMessage(), e);
    }
  }
}
