package io.scalekv.model;

import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Sha256;
import io.scalekv.model.infinity.InfinityWeights;
import io.scalekv.model.text.T5Text;
import io.scalekv.model.text.WordEmbedder;
import io.scalekv.model.vae.Vae;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where the parts of a model lie in a folder: under the names of this project, or under those by
 * which the published checkpoints are known.
 *
 * @param transformer file or folder of the transformer's weights
 * @param tokenizer file or folder of the image tokenizer's weights
 * @param text folder of the text encoder, or null where there is none
 */
public record CheckpointFolder(Path transformer, Path tokenizer, Path text) {
  /** Name of the transformer's weights in this project's model folders. */
  public static final String TRANSFORMER = "transformer.safetensors";

  /** Name of the tokenizer's weights in this project's model folders. */
  public static final String TOKENIZER = "vae.safetensors";

  /** Name of the text encoder's folder. */
  public static final String TEXT = "flan-t5-xl";

  private static final List<String> TRANSFORMER_2B =
      List.of(
          "infinity_2b_reg.pth", "infinity_2b_reg.safetensors", "infinity_2b_weights", TRANSFORMER);
  private static final List<String> TOKENIZER_D32 =
      List.of(
          "infinity_vae_d32reg.pth",
          "infinity_vae_d32_reg.pth",
          "infinity_vae_d32reg.safetensors",
          TOKENIZER);
  private static final List<String> TRANSFORMER_8B =
      List.of("infinity_8b_weights", "infinity_8b.pth", "infinity_8b.safetensors", TRANSFORMER);
  private static final List<String> TOKENIZER_D56 =
      List.of(
          "infinity_vae_d56_f8_14_patchify.pth",
          "infinity_vae_d56_f8_14_patchify.safetensors",
          TOKENIZER);

  /**
   * Finds the parts of a model.
   *
   * @param folder where they lie
   * @param config the model; one with patchified tokens has the names of Infinity-8B, another those
   *     of Infinity-2B
   * @param withText whether the text encoder, if the model has one, must be there
   * @throws IllegalArgumentException one line that names everything that is missing
   */
  public static CheckpointFolder find(Path folder, ModelConfig config, boolean withText) {
    boolean t5 = config.text().equals(ModelConfig.T5);
    List<String> missing = new ArrayList<>();
    Path transformer =
        first(folder, t5 ? transformerNames(config) : List.of(TRANSFORMER), "transformer", missing);
    Path tokenizer =
        first(folder, t5 ? tokenizerNames(config) : List.of(TOKENIZER), "tokenizer", missing);
    Path text = t5 ? folder.resolve(TEXT) : null;
    if (t5 && !Files.isDirectory(text)) {
      if (withText) {
        missing.add(
            "the text encoder "
                + TEXT
                + "/ (config.json, tokenizer.json or spiece.model, model*.safetensors or"
                + " pytorch_model*.bin)");
      }
      text = null;
    }
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          folder
              + ": "
              + config.name()
              + " needs "
              + String.join("; ", missing)
              + (t5
                  ? "; published on the Hugging Face hub as FoundationVision/Infinity and"
                      + " google/flan-t5-xl, to be put into this folder"
                  : ""));
    }
    return new CheckpointFolder(transformer, tokenizer, text);
  }

  /** Whether a folder holds the transformer or the tokenizer of a model under a published name. */
  public static boolean holdsPartOf(Path folder, ModelConfig config) {
    return Stream.concat(transformerNames(config).stream(), tokenizerNames(config).stream())
        .anyMatch(name -> Files.exists(folder.resolve(name)));
  }

  /** What a model needs, for people: the usual names. */
  public static String usualNames(ModelConfig config) {
    return transformerNames(config).get(0)
        + ", "
        + tokenizerNames(config).get(0)
        + " and "
        + TEXT
        + "/";
  }

  private static List<String> transformerNames(ModelConfig config) {
    return config.transformer().patchify() ? TRANSFORMER_8B : TRANSFORMER_2B;
  }

  private static List<String> tokenizerNames(ModelConfig config) {
    return config.transformer().patchify() ? TOKENIZER_D56 : TOKENIZER_D32;
  }

  private static Path first(Path folder, List<String> names, String part, List<String> missing) {
    for (String name : names) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    missing.add("the " + part + " " + String.join(" or ", names));
    return null;
  }

  /** The transformer's weights, the pocket model's words among them. */
  static ExpectedWeights transformerWeights(ModelConfig config) {
    Map<String, Shape> shapes = InfinityWeights.shapes(config.transformer());
    if (config.text().equals(ModelConfig.WORDS)) {
      shapes.putAll(WordEmbedder.shapes(config.transformer().textWidth()));
    }
    return ExpectedWeights.of(config.name(), shapes)
        .passingOver(name -> name.startsWith("rope2d_freqs_grid"));
  }

  /**
   * The tokenizer's weights. Files also hold the quantiser's buffers and what its training needed;
   * anything beside encoder and decoder is passed over. Older files name a convolution {@code
   * x.weight} where newer ones have {@code x.conv.weight}, and norms likewise.
   */
  static ExpectedWeights tokenizerWeights(ModelConfig config) {
    return ExpectedWeights.of("the tokenizer of " + config.name(), Vae.shapes(config.tokenizer()))
        .passingOver(name -> !name.startsWith("encoder.") && !name.startsWith("decoder."))
        .orNamed(name -> List.of(name.replaceFirst("\\.(?:conv|norm)\\.(weight|bias)$", ".$1")));
  }

  /**
   * Checks every name, shape and type without loading anything.
   *
   * @throws io.scalekv.weights.WeightsFileException one line that names what does not fit
   */
  public void check(ModelConfig config) {
    try (TensorSource t = TensorSource.open(transformer);
        TensorSource v = TensorSource.open(tokenizer)) {
      transformerWeights(config).check(transformer, t);
      tokenizerWeights(config).check(tokenizer, v);
    }
    if (text != null) {
      T5Text.check(text, config.transformer().textWidth());
    }
  }

  /**
   * What a check found.
   *
   * @param hash {@code sha256:} and the hash of the files of transformer and tokenizer
   * @param transformerParameters scalars of the transformer
   * @param tokenizerParameters scalars of the tokenizer
   * @param textParameters scalars of the text encoder, 0 without one
   */
  public record Verified(
      String hash, long transformerParameters, long tokenizerParameters, long textParameters) {}

  /** Checks everything and hashes the files, without loading anything. */
  public Verified verify(ModelConfig config, LoadListener listener) {
    check(config);
    return new Verified(
        hash(listener),
        transformerWeights(config).parameters(),
        tokenizerWeights(config).parameters(),
        text == null ? 0 : T5Text.check(text, config.transformer().textWidth()));
  }

  /** {@code sha256:} and the hash of the transformer's files and the tokenizer's, in that order. */
  String hash(LoadListener listener) {
    return hash(List.of(transformer, tokenizer), listener);
  }

  /** {@code sha256:} and the hash of the tokenizer's files. */
  String tokenizerHash() {
    return hash(List.of(tokenizer), LoadListener.NONE);
  }

  private static String hash(List<Path> parts, LoadListener listener) {
    List<Path> files = new ArrayList<>();
    for (Path part : parts) {
      try (TensorSource source = TensorSource.open(part)) {
        source.files().stream().sorted().forEach(files::add);
      }
    }
    try {
      long total = 0;
      for (Path file : files) {
        total += Files.size(file);
      }
      long bytes = total;
      return "sha256:"
          + Sha256.of(
              read -> listener.at("hash of the weights", read, bytes), files.toArray(Path[]::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
