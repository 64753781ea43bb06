package io.scalekv.model;

import io.scalekv.io.Sha256;
import io.scalekv.model.text.T5Text;
import io.scalekv.weights.ExpectedWeights;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
   * @param sha256 hash of a verified part of one file, else null
   * @param remark which state dict is read, and how the hash compares to that of the published
   *     file; null for nothing
   */
  public record Part(
      String part,
      Status status,
      String file,
      Long parameters,
      String problem,
      String sha256,
      String remark) {
    private static Part missing(String part, String wanted) {
      return new Part(part, Status.MISSING, wanted, null, "missing " + wanted, null, null);
    }

    private Part hashed(String hash, String published) {
      String compared =
          published == null
              ? ""
              : hash.startsWith(published)
                  ? "as published"
                  : "warning: not the published file, whose hash begins with "
                      + published.substring(0, 8);
      String said =
          Stream.of(Objects.requireNonNullElse(remark, ""), compared)
              .filter(text -> !text.isEmpty())
              .collect(Collectors.joining("; "));
      return new Part(part, status, file, parameters, problem, hash, said.isEmpty() ? null : said);
    }
  }

  /** Checks the parts in a folder. */
  public static ModelCheck of(ModelConfig config, Path folder, LoadListener listener) {
    CheckpointNames names = config.files();
    Path transformer = CheckpointNames.first(folder, names.transformer()).orElse(null);
    Path tokenizer = CheckpointNames.first(folder, names.tokenizer()).orElse(null);
    List<Part> parts = new ArrayList<>();
    parts.add(
        weights("transformer", transformer, names.transformer(), config.transformerWeights()));
    parts.add(weights("image tokenizer", tokenizer, names.tokenizer(), config.tokenizerWeights()));
    if (names.text() != null) {
      Path text = folder.resolve(names.text());
      parts.add(
          Files.isDirectory(text)
              ? part(
                  "text encoder", text, () -> T5Text.check(text, config.encodedTextWidth()), null)
              : Part.missing("text encoder", names.text() + "/"));
    }
    return hashed(config, parts, transformer, tokenizer, listener);
  }

  /**
   * Checks every part in a folder. A tokenizer that several models share is checked once, with a
   * model whose transformer is there if possible; a transformer under a name that several models
   * share belongs to those that it fits.
   */
  public static List<ModelCheck> all(List<ModelConfig> models, Path folder, LoadListener listener) {
    Comparator<ModelConfig> transformersFirst =
        Comparator.comparing(c -> CheckpointNames.first(folder, c.files().transformer()).isEmpty());
    List<ModelCheck> checks = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (ModelConfig config : models.stream().sorted(transformersFirst).toList()) {
      boolean tokenizerAlone =
          CheckpointNames.first(folder, config.files().transformer()).isEmpty();
      String tokenizer =
          CheckpointNames.first(folder, config.files().tokenizer()).map(Path::toString).orElse("");
      if (seen.add(tokenizer) || !tokenizerAlone) {
        checks.add(of(config, folder, listener));
      }
    }
    List<String> fitting =
        checks.stream().filter(c -> c.fits()).map(c -> c.parts().get(0).file()).toList();
    checks.removeIf(c -> !c.fits() && fitting.contains(c.parts().get(0).file()));
    return checks;
  }

  private boolean fits() {
    return parts.get(0).status() == Status.VERIFIED;
  }

  /** Checks the weights that come with the project. */
  public static ModelCheck shipped(ModelConfig config) {
    CheckpointFolder files = CheckpointFolder.of(config, new ModelSource.Shipped());
    List<Part> parts =
        List.of(
            weights("transformer", files.transformer(), List.of(), config.transformerWeights()),
            weights("image tokenizer", files.tokenizer(), List.of(), config.tokenizerWeights()));
    return hashed(
        config, new ArrayList<>(parts), files.transformer(), files.tokenizer(), LoadListener.NONE);
  }

  /** Returns whether every part is there and sound. */
  public boolean isSound() {
    return parts.stream().allMatch(p -> p.status() == Status.VERIFIED);
  }

  /** Hashes the files of transformer and tokenizer, as far as they are sound, in one pass. */
  private static ModelCheck hashed(
      ModelConfig config,
      List<Part> parts,
      Path transformer,
      Path tokenizer,
      LoadListener listener) {
    List<Path> files = new ArrayList<>();
    List<Path> places = Arrays.asList(transformer, tokenizer);
    for (int i = 0; i < 2; i++) {
      if (parts.get(i).status() == Status.VERIFIED) {
        files.addAll(CheckpointFolder.files(places.get(i)));
      }
    }
    if (files.isEmpty()) {
      return new ModelCheck(config.name(), parts, null);
    }
    Sha256.Hashes hashes = CheckpointFolder.hashes(listener, files.toArray(Path[]::new));
    for (int i = 0; i < 2; i++) {
      int at = files.indexOf(places.get(i));
      if (at >= 0) {
        String published = config.files().hashes().get(places.get(i).getFileName().toString());
        parts.set(i, parts.get(i).hashed(hashes.each().get(at), published));
      }
    }
    boolean both = parts.stream().limit(2).allMatch(p -> p.status() == Status.VERIFIED);
    return new ModelCheck(config.name(), parts, both ? hashes.all() : null);
  }

  private static Part weights(
      String name, Path file, List<String> names, ExpectedWeights expected) {
    if (file == null) {
      return Part.missing(name, String.join(" or ", names));
    }
    String[] remark = new String[1];
    return part(
        name,
        file,
        () -> {
          try (TensorSource source = expected.open(file)) {
            expected.check(file, source);
            remark[0] = expected.remarks(source).orElse(null);
            return expected.parameters();
          }
        },
        remark);
  }

  private static Part part(String name, Path file, LongSupplier check, String[] remark) {
    String at = file.toString();
    try {
      long parameters = check.getAsLong();
      String said = remark == null ? null : remark[0];
      return new Part(name, Status.VERIFIED, at, parameters, null, null, said);
    } catch (RuntimeException e) {
      return new Part(name, Status.DAMAGED, at, null, e.getMessage(), null, null);
    }
  }
}
