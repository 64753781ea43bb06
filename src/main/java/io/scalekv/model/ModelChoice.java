package io.scalekv.model;

import io.scalekv.io.NearWord;
import io.scalekv.io.Require;
import io.scalekv.weights.HubCache;
import io.scalekv.weights.LoadListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * Choice of a model and the origin of its weights.
 *
 * @param name a name of {@link ModelCatalog}, or a folder with a {@code config.json}
 * @param weights folder of the weight files, see {@link ModelSource.Folder#parse}, or null for
 *     those that come with the model
 * @param randomWeights random weights in place of files, or null
 */
public record ModelChoice(String name, String weights, RandomWeights randomWeights) {
  /** The name of the default model. */
  public static final String DEFAULT = "pocket";

  /** Returns a model with its own weights. */
  public static ModelChoice of(String name) {
    return new ModelChoice(name, null, null);
  }

  /** Returns whether the name is one of {@link ModelCatalog}, not a folder. */
  public boolean named() {
    return ModelCatalog.find(name).isPresent();
  }

  /** Returns whether the weights are those that come with the project. */
  public boolean shipped() {
    return named() && weights == null && randomWeights == null && ModelCatalog.ships(name);
  }

  private Path folder() {
    return HubCache.resolve(Path.of(name));
  }

  /** Returns the choice with its folders found by another rule, such as relative to a file. */
  public ModelChoice resolve(UnaryOperator<String> rule) {
    return new ModelChoice(
        named() ? name : rule.apply(name),
        weights == null ? null : rule.apply(weights),
        randomWeights);
  }

  /**
   * Checks that the configuration can be found.
   *
   * @throws IllegalArgumentException if the model is unknown, or weights are given twice or not a
   *     folder
   */
  public void checkConfig() {
    Require.that(
        named() || Files.isRegularFile(folder().resolve(ModelCatalog.CONFIG)),
        "--model must be %s or a folder with a %s, got %s%s",
        String.join(", ", ModelCatalog.names()),
        ModelCatalog.CONFIG,
        name,
        NearWord.of(name, ModelCatalog.names())
            .map(near -> "; did you mean " + near + "?")
            .orElse(""));
    Require.that(
        weights == null || randomWeights == null,
        "give either --weights or --random-weights, got both");
    Require.that(
        weights == null || Files.isDirectory(ModelSource.Folder.parse(weights).folder()),
        "--weights must be a folder, got %s",
        weights);
  }

  /**
   * Checks that the weights have an origin, too.
   *
   * @throws IllegalArgumentException additionally if a model whose weights do not come with the
   *     project has none
   */
  public void check() {
    checkConfig();
    Require.that(
        !named() || weights != null || randomWeights != null || ModelCatalog.ships(name),
        "missing weights of %s: give --weights DIR or --random-weights SEED",
        name);
  }

  /** Returns the configuration. */
  public ModelConfig config() {
    checkConfig();
    ModelConfig config =
        ModelCatalog.find(name)
            .orElseGet(() -> ModelCatalog.read(folder().resolve(ModelCatalog.CONFIG)));
    return randomWeights == null ? config : randomWeights.fill(config);
  }

  /** Returns the origin of the weights. */
  public ModelSource source() {
    check();
    if (randomWeights != null) {
      return new ModelSource.Random(randomWeights);
    }
    if (weights != null) {
      return ModelSource.Folder.parse(weights);
    }
    return named() ? new ModelSource.Shipped() : new ModelSource.Folder(folder());
  }

  /** Returns the options of the command line that make this choice. */
  public String options() {
    return "--model "
        + name
        + (weights == null ? "" : " --weights DIR")
        + (randomWeights == null ? "" : " --random-weights " + randomWeights);
  }

  /** Loads the model. */
  public ImageModel open(LoadOptions options, LoadListener listener) {
    return config().open(source(), options, listener);
  }
}
