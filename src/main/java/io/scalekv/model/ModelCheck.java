package io.scalekv.model;

import io.scalekv.model.text.T5Text;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Check of the weight files of a model, part by part, without loading anything.
 *
 * @param name of the model
 * @param parts transformer, image tokenizer and, for models that have one, text encoder
 * @param weightsSha256 hash of the files of transformer and tokenizer, or null unless both are
 *     sound
 */
public record ModelCheck(String name, List<Part> parts, String weightsSha256) {
  /** State of a part. */
  public enum Status {
    /** All names, shapes and types are as expected. */
    VERIFIED,
    /** No file of the expected names. */
    MISSING,
    /** A file that is not as expected. */
    DAMAGED
  }

  /**
   * Part of a model.
   *
   * @param file file or folder found, or the expected names
   * @param parameters number of scalars; null unless verified
   * @param problem what is wrong; null if verified
   */
  public record Part(String part, Status status, String file, Long parameters, String problem) {}

  /** Checks the parts in a folder. */
  public static ModelCheck of(ModelConfig config, Path folder, LoadListener listener) {
    CheckpointNames names = config.files();
    Path transformer = first(folder, names.transformer());
    Path tokenizer = first(folder, names.tokenizer());
    List<Part> parts = new ArrayList<>();
    parts.add(part("transformer", transformer, names.transformer(), config.transformerWeights()));
    parts.add(part("image tokenizer", tokenizer, names.tokenizer(), config.tokenizerWeights()));
    if (names.text() != null) {
      parts.add(text(folder.resolve(names.text()), config));
    }
    boolean sound = parts.stream().limit(2).allMatch(p -> p.status() == Status.VERIFIED);
    return new ModelCheck(
        config.name(),
        parts,
        sound ? hash(new CheckpointFolder(transformer, tokenizer, null), listener) : null);
  }

  /** Checks the weights that come with the project. */
  public static ModelCheck shipped(ModelConfig config) {
    CheckpointFolder files = CheckpointFolder.of(config, new ModelSource.Shipped());
    return new ModelCheck(
        config.name(),
        List.of(
            part("transformer", files.transformer(), List.of(), config.transformerWeights()),
            part("image tokenizer", files.tokenizer(), List.of(), config.tokenizerWeights())),
        hash(files, LoadListener.NONE));
  }

  /** Returns whether every part is there and sound. */
  public boolean isSound() {
    return parts.stream().allMatch(p -> p.status() == Status.VERIFIED);
  }

  private static String hash(CheckpointFolder files, LoadListener listener) {
    return files.hash(listener).substring("sha256:".length());
  }

  private static Path first(Path folder, List<String> names) {
    return names.stream().map(folder::resolve).filter(Files::exists).findFirst().orElse(null);
  }

  private static Part part(String name, Path file, List<String> names, ExpectedWeights expected) {
    if (file == null) {
      String wanted = String.join(" or ", names);
      return new Part(name, Status.MISSING, wanted, null, "missing " + wanted);
    }
    try (TensorSource source = expected.open(file)) {
      expected.check(file, source);
      return new Part(name, Status.VERIFIED, file.toString(), expected.parameters(), null);
    } catch (RuntimeException e) {
      return new Part(name, Status.DAMAGED, file.toString(), null, e.getMessage());
    }
  }

  private static Part text(Path folder, ModelConfig config) {
    String name = "text encoder";
    if (!Files.isDirectory(folder)) {
      String wanted = folder.getFileName() + "/";
      return new Part(name, Status.MISSING, wanted, null, "missing " + wanted);
    }
    try {
      long parameters = T5Text.check(folder, config.encodedTextWidth());
      return new Part(name, Status.VERIFIED, folder.toString(), parameters, null);
    } catch (RuntimeException e) {
      return new Part(name, Status.DAMAGED, folder.toString(), null, e.getMessage());
    }
  }
}
