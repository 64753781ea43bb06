package io.scalekv.model;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.model.text.T5Text;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Weight files of a model.
 *
 * @param transformer file or folder of the transformer's weights
 * @param tokenizer file or folder of the image tokenizer's weights
 * @param text folder of the text encoder, or null where there is none
 * @param stateDict keys of the transformer's state dict in a training file, see {@link
 *     ModelSource.Folder}; null for the trained weights
 */
public record CheckpointFolder(Path transformer, Path tokenizer, Path text, String stateDict) {
  /** Creates a folder of trained weights. */
  public CheckpointFolder(Path transformer, Path tokenizer, Path text) {
    this(transformer, tokenizer, text, null);
  }

  /**
   * Finds the parts of a model under the names of {@link ModelConfig#files()}.
   *
   * @param withText whether the text encoder, if the model has one, must be there
   * @throws IllegalArgumentException one line that names every missing part
   */
  public static CheckpointFolder find(Path folder, ModelConfig config, boolean withText) {
    CheckpointNames names = config.files();
    List<String> missing = new ArrayList<>();
    Path transformer = first(folder, names.transformer(), "transformer", missing);
    Path tokenizer = first(folder, names.tokenizer(), "tokenizer", missing);
    Path text = names.text() == null ? null : folder.resolve(names.text());
    if (text != null && !Files.isDirectory(text)) {
      if (withText) {
        missing.add(
            "the text encoder "
                + names.text()
                + "/ (config.json, tokenizer.json or spiece.model, model*.safetensors or"
                + " pytorch_model*.bin)");
      }
      text = null;
    }
    Require.that(
        missing.isEmpty(),
        "%s: %s needs %s%s",
        folder,
        config.name(),
        String.join("; ", missing),
        names.origin() == null ? "" : "; " + names.origin() + ", to be put into this folder");
    return new CheckpointFolder(transformer, tokenizer, text);
  }

  /** Returns the files of a source that has files. */
  public static CheckpointFolder of(ModelConfig config, ModelSource source) {
    return source instanceof ModelSource.Folder given
        ? find(given.folder(), config, false).in(given.stateDict())
        : new CheckpointFolder(
            shipped(config.name() + "/" + CheckpointNames.TRANSFORMER),
            shipped(tokenizerOwner(config.name()) + "/" + CheckpointNames.TOKENIZER),
            null);
  }

  /** Returns the same files with another state dict of the transformer. */
  public CheckpointFolder in(String place) {
    return new CheckpointFolder(transformer, tokenizer, text, place);
  }

  /** Returns the shipped model whose tokenizer a model uses: itself, or else the default model. */
  private static String tokenizerOwner(String name) {
    String own = name + "/" + CheckpointNames.TOKENIZER;
    return CheckpointFolder.class.getResource(own) == null ? ModelChoice.DEFAULT : name;
  }

  /** Returns a shipped resource as a file; one in a jar is copied to a temporary file. */
  private static Path shipped(String name) {
    URL url = CheckpointFolder.class.getResource(name);
    if (url == null) {
      throw new IllegalStateException("resource " + name + " is missing from the build");
    }
    try {
      if (url.getProtocol().equals("file")) {
        return Path.of(url.toURI());
      }
      Path copy = Files.createTempFile("scalekv", ".safetensors");
      copy.toFile().deleteOnExit();
      try (InputStream in = url.openStream()) {
        Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + name + ": " + e.getMessage(), e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("resource " + name + ": " + e.getMessage(), e);
    }
  }

  private static Path first(Path folder, List<String> names, String part, List<String> missing) {
    Path found = CheckpointNames.first(folder, names).orElse(null);
    if (found == null) {
      missing.add("the " + part + " " + String.join(" or ", names));
    }
    return found;
  }

  /**
   * Checks every name, shape and type without loading anything.
   *
   * @throws io.scalekv.weights.WeightsFileException one line that names the mismatch
   */
  public void check(ModelConfig config) {
    check(transformer, config.transformerWeights().in(stateDict));
    check(tokenizer, config.tokenizerWeights());
    if (text != null) {
      T5Text.check(text, config.encodedTextWidth());
    }
  }

  private static void check(Path path, ExpectedWeights expected) {
    try (TensorSource source = expected.open(path)) {
      expected.check(path, source);
    }
  }

  /**
   * Returns {@code sha256:} and the hash of the transformer's files and the tokenizer's, in that
   * order; of a state dict that was asked for, the hash of that text and the place.
   */
  public String hash(LoadListener listener) {
    String hash = hash(List.of(transformer, tokenizer), listener);
    return stateDict == null
        ? hash
        : "sha256:" + Sha256.of((hash + "#" + stateDict).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns {@code sha256:} and the hash of the tokenizer's files. */
  public String tokenizerHash() {
    return hash(List.of(tokenizer), LoadListener.NONE);
  }

  private static String hash(List<Path> parts, LoadListener listener) {
    Path[] files = parts.stream().flatMap(p -> files(p).stream()).toArray(Path[]::new);
    return "sha256:" + hashes(listener, files).all();
  }

  /** Hashes files in one pass. */
  static Sha256.Hashes hashes(LoadListener listener, Path... files) {
    long bytes = Stream.of(files).mapToLong(f -> f.toFile().length()).sum();
    try {
      return Sha256.each(read -> listener.at("hash of the weights", read, bytes), files);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the files of a part, ordered by name. */
  static List<Path> files(Path part) {
    try (TensorSource source = TensorSource.open(part)) {
      return source.files().stream().sorted().toList();
    }
  }
}
