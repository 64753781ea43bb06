package io.scalekv.cli;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Require;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelCheck;
import io.scalekv.model.ModelConfig;
import io.scalekv.weights.HubCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Models, their weights and whether the weights are sound. */
@Command(
    name = "models",
    description = "Lists the models: what is there, what is missing and where it goes.",
    footer = {"  ./scalekv models", "  ./scalekv models --verify checkpoints"})
final class ModelsCommand implements Callable<Integer> {
  /** Model of the catalogue; {@code needs} names the files to bring, null for none. */
  record Entry(
      String name, String family, Geometry geometry, int tokenBits, String status, String needs) {}

  @Mixin private Output output;

  @Option(
      names = "--verify",
      arity = "0..1",
      fallbackValue = "",
      paramLabel = "DIR",
      description =
          "Check names, shapes and types of the shipped weights, or of every part in DIR, and print"
              + " their hash.")
  private String verify;

  @Override
  public Integer call() {
    if (verify == null) {
      list();
      return 0;
    }
    List<ModelCheck> checks =
        verify.isEmpty() ? shipped() : checks(HubCache.resolve(Path.of(verify)));
    output.json(Map.of("models", checks));
    for (ModelCheck check : checks) {
      output.line("%s: %s", check.name(), check.isSound() ? check.weightsSha256() : "incomplete");
      output.table(
          List.of("part", "status", "parameters", "sha256", "file", "remark"),
          check.parts(),
          p ->
              Output.row(
                  p.part(),
                  Output.word(p.status()),
                  p.parameters(),
                  p.sha256() == null ? "" : p.sha256().substring(0, 8),
                  p.file(),
                  p.remark() == null ? "" : p.remark()));
    }
    List<String> problems = new ArrayList<>();
    for (ModelCheck check : checks) {
      for (ModelCheck.Part part : check.parts()) {
        if (part.problem() != null) {
          problems.add(check.name() + ", " + part.part() + ": " + part.problem());
        }
      }
    }
    if (problems.isEmpty()) {
      output.next(
          "calibrate", "--prompts", "calibration-prompts/scenes-10.txt", "--out", "out/roles");
      return 0;
    }
    output.problem(String.join("; ", problems));
    return Failure.BAD_INPUT;
  }

  private void list() {
    List<Entry> entries = ModelCatalog.models().stream().map(ModelsCommand::entry).toList();
    output.json(Map.of("models", entries));
    output.table(
        List.of("model", "status", "layers", "width", "heads", "bits a token", "needs"),
        entries,
        e ->
            Output.row(
                e.name(),
                e.status(),
                e.geometry().layers(),
                e.geometry().width(),
                e.geometry().heads(),
                e.tokenBits(),
                e.needs() == null ? "" : e.needs()));
    output.next("models", "--verify");
  }

  private static Entry entry(ModelConfig c) {
    boolean ships = ModelCatalog.ships(c.name());
    String needs = ships ? null : "--weights DIR with " + c.files().usual();
    return new Entry(
        c.name(),
        c.family().name(),
        c.geometry(),
        c.tokenBits(),
        ships ? "ready" : "missing",
        needs);
  }

  private static List<ModelCheck> shipped() {
    return ModelCatalog.shipped().stream().map(ModelCheck::shipped).toList();
  }

  /** Checks the model of a config.json, or all known models of which a part is there. */
  private List<ModelCheck> checks(Path folder) {
    Path file = folder.resolve(ModelCatalog.CONFIG);
    List<ModelConfig> known =
        ModelCatalog.models().stream().filter(c -> !ModelCatalog.ships(c.name())).toList();
    List<ModelConfig> there =
        Files.isRegularFile(file)
            ? List.of(ModelCatalog.read(file))
            : known.stream().filter(c -> c.files().anyIn(folder)).toList();
    Require.that(
        !there.isEmpty(),
        "--verify must be a folder with a %s or with %s, got %s",
        ModelCatalog.CONFIG,
        known.stream().map(c -> c.files().usual()).distinct().collect(Collectors.joining(", or ")),
        folder);
    try (LoadProgress progress = new LoadProgress(output)) {
      return ModelCheck.all(there, folder, progress);
    }
  }
}
