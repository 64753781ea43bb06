package io.scalekv.experiment;

import io.scalekv.io.Sha256;
import io.scalekv.model.ModelConfig;
import io.scalekv.roles.Calibration;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Experiment expanded into runs.
 *
 * @param spec the experiment
 * @param runs in the order of the file; the same run may stand in several places
 * @param prompts texts by hash
 * @param promptFile name of the prompt file, without folders; null where none was used
 * @param promptSha256 hash of the prompts that images are drawn from; null for memory
 */
public record Experiment(
    ExperimentSpec spec,
    List<Planned> runs,
    PromptTexts prompts,
    String promptFile,
    String promptSha256) {
  /**
   * A run in its place.
   *
   * @param group name of its group of rows
   * @param label unique in its group, such as {@code scalekv at 10%}
   * @param series the label without the budget
   */
  public record Planned(String group, String label, String series, Run run) {
    /** The run's id. */
    public String id() {
      return run.id();
    }

    /** How it ended. */
    public Runner.Ended ended(Runner.Status status, String error, RunResult result) {
      return new Runner.Ended(id(), group, label, status, error, result);
    }
  }

  /**
   * Facts about the model before it is loaded.
   *
   * @param config its configuration
   * @param weights hash of its weights; null for memory
   * @param tokenizer hash of its tokenizer's weights; null where there is none
   * @param shipped the calibration that comes with it
   */
  public record ModelFacts(
      ModelConfig config, String weights, String tokenizer, Optional<Calibration> shipped) {}

  /** Copies the list. */
  public Experiment {
    runs = List.copyOf(runs);
  }

  /**
   * Expands an experiment.
   *
   * @param specFile its file, from which the files it names are found
   * @param nets hashes of the user's nets; their metrics are measured in every run
   */
  public static Experiment expand(
      ExperimentSpec spec, Path specFile, ModelFacts model, Run.Nets nets) {
    return new Expansion(spec, specFile, model, nets).expand();
  }

  /** Each different run once, in the order of the file. */
  public List<Planned> distinct() {
    Map<String, Planned> byId = new LinkedHashMap<>();
    runs.forEach(c -> byId.putIfAbsent(c.id(), c));
    return List.copyOf(byId.values());
  }

  /** The file that a folder of results begins with. */
  public ExperimentFile file(String specText) {
    Optional<String> reference =
        runs.stream()
            .map(Planned::run)
            .filter(c -> c.kind().compared())
            .findFirst()
            .map(Run::referenceId);
    return new ExperimentFile(
        ExperimentFile.SCHEMA_VERSION,
        spec.name(),
        spec.title(),
        spec.kind(),
        spec.model(),
        spec.quick(),
        specText,
        Sha256.of(specText.getBytes(StandardCharsets.UTF_8)),
        promptFile,
        promptSha256,
        reference.orElse(null),
        runs.stream()
            .map(c -> new ExperimentFile.Row(c.group(), c.label(), c.series(), c.id()))
            .toList(),
        prompts.all());
  }
}
