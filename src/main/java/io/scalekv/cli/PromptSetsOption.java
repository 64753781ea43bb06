package io.scalekv.cli;

import io.scalekv.model.ModelConfig;
import io.scalekv.model.PromptSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Several prompt files, the first of which is the base. */
final class PromptSetsOption implements CheckedOptions {
  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      required = true,
      split = ",",
      description =
          "Prompt files, one prompt a line; the first is the base, the others are compared with"
              + " it.")
  private List<Path> files = List.of();

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Use only the first N prompts of each file.")
  private Integer limit;

  @Override
  public void check() {
    if (limit != null) {
      Check.range("--limit", limit, 1, Integer.MAX_VALUE);
    }
  }

  /** Reads all of them and checks that the model can read every prompt. */
  List<PromptSet> read(ModelConfig model) {
    List<PromptSet> sets = new ArrayList<>();
    for (Path file : files) {
      sets.add(PromptOptions.read(file, limit, model));
    }
    return sets;
  }
}
