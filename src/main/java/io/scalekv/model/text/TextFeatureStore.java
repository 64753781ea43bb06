package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Sha256;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.SafetensorsWriter;
import io.scalekv.weights.StoredType;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Text features that were computed before, by the SHA-256 of the text, in memory and, if there is
 * one, in a safetensors file: one tensor {@code text.HASH} of [T,W] float32 for every text (T
 * tokens, W width). The file's metadata names the encoder; features of two encoders never mix.
 */
public final class TextFeatureStore {
  private static final String FORMAT = "scalekv-text-features-1";
  private static final String ENCODER = "encoder";

  private final Path file;
  private final int width;
  private final Set<String> inFile = new HashSet<>();
  private final Map<String, float[]> fresh = new LinkedHashMap<>();
  private String encoder;

  private TextFeatureStore(Path file, int width) {
    this.file = file;
    this.width = width;
  }

  /** An empty store without a file, for features of width W. */
  public static TextFeatureStore inMemory(int width) {
    return new TextFeatureStore(null, width);
  }

  /**
   * A store over a file, which need not be there yet.
   *
   * @param file the file
   * @param width W
   * @throws IllegalArgumentException if the file is something else or holds another width
   */
  public static TextFeatureStore open(Path file, int width) {
    TextFeatureStore store = new TextFeatureStore(file, width);
    if (Files.exists(file)) {
      try (TensorSource source = SafetensorsFile.open(file)) {
        String format = source.metadata().get("format");
        if (!FORMAT.equals(format)) {
          throw new IllegalArgumentException(
              file + ": text features (format " + FORMAT + ") expected, got " + format);
        }
        for (String name : source.names()) {
          TensorInfo info = source.info(name);
          long[] shape = info.shape();
          boolean fits =
              shape.length == 2
                  && shape[0] >= 1
                  && shape[0] <= T5Tokenizer.MAX_TOKENS
                  && shape[1] == width
                  && info.type() == StoredType.F32;
          if (!fits) {
            throw new IllegalArgumentException(
                file
                    + ": text features F32 [1.."
                    + T5Tokenizer.MAX_TOKENS
                    + ", "
                    + width
                    + "] expected, got "
                    + info);
          }
        }
        store.inFile.addAll(source.names());
        store.encoder = source.metadata().get(ENCODER);
      }
    }
    return store;
  }

  private static String key(String text) {
    return "text." + Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Those of the texts that are not here, each once, in their order. */
  public List<String> missing(Collection<String> texts) {
    return texts.stream()
        .distinct()
        .filter(t -> !inFile.contains(key(t)) && !fresh.containsKey(key(t)))
        .toList();
  }

  /**
   * Says which encoder the features that follow come from.
   *
   * @throws IllegalArgumentException if the features here come from another one
   */
  public void useEncoder(String fingerprint) {
    if (encoder != null && !encoder.equals(fingerprint)) {
      throw new IllegalArgumentException(
          (file == null ? "text features" : file.toString())
              + ": features of the encoder "
              + encoder
              + " expected, got "
              + fingerprint
              + "; use another file for another encoder");
    }
    encoder = fingerprint;
  }

  /**
   * Adds features in memory; {@link #save} writes them.
   *
   * @param text the text
   * @param rows T·W numbers
   */
  public void put(String text, float[] rows) {
    if (rows.length == 0 || rows.length % width != 0) {
      throw new IllegalArgumentException(
          "text features: rows of " + width + " expected, got " + rows.length + " numbers");
    }
    fresh.put(key(text), rows);
  }

  /**
   * Writes what is new, together with what the file holds by now, to a temporary file and moves it
   * into place. Without a file, or without anything new, nothing happens.
   */
  public void save() {
    if (file == null || fresh.isEmpty()) {
      return;
    }
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Map<String, NDArray> all = new LinkedHashMap<>();
      if (Files.exists(file)) {
        TextFeatureStore now = open(file, width);
        now.useEncoder(encoder);
        try (TensorSource source = SafetensorsFile.open(file)) {
          source.names().forEach(name -> all.put(name, source.load(name, manager)));
        }
      } else if (file.toAbsolutePath().getParent() != null) {
        Files.createDirectories(file.toAbsolutePath().getParent());
      }
      fresh.forEach((name, rows) -> all.put(name, array(manager, rows)));
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put("format", FORMAT);
      if (encoder != null) {
        metadata.put(ENCODER, encoder);
      }
      SafetensorsWriter.write(file, all, StoredType.F32, metadata);
      inFile.addAll(all.keySet());
      fresh.clear();
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }

  private NDArray array(NDManager manager, float[] rows) {
    return NativeCopy.of(manager, rows, new Shape(rows.length / width, width));
  }

  /**
   * The features of texts.
   *
   * @param scope owner of the result
   * @param texts at least one, none {@link #missing}
   */
  public TextFeatures features(NDManager scope, List<String> texts) {
    int[] lengths = new int[texts.size()];
    float[][] rows = new float[texts.size()][];
    int total = 0;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = fresh.get(key(texts.get(i)));
    }
    readMissing(texts, rows);
    for (int i = 0; i < rows.length; i++) {
      lengths[i] = rows[i].length / width;
      total += lengths[i];
    }
    float[] packed = new float[Math.multiplyExact(total, width)];
    int at = 0;
    for (float[] r : rows) {
      System.arraycopy(r, 0, packed, at, r.length);
      at += r.length;
    }
    NDManager work = scope.newSubManager();
    try (work) {
      TextFeatures features =
          TextFeatures.ofPacked(NativeCopy.of(work, packed, new Shape(total, width)), lengths);
      features.padded().attach(scope);
      return features;
    }
  }

  private static void checkFinite(TensorInfo info, float[] rows) {
    for (int i = 0; i < rows.length; i++) {
      if (!Float.isFinite(rows[i])) {
        throw new IllegalArgumentException(
            info.file() + ": " + info + ": finite numbers expected, got " + rows[i] + " at " + i);
      }
    }
  }

  private void readMissing(List<String> texts, float[][] rows) {
    TensorSource source = null;
    try {
      for (int i = 0; i < rows.length; i++) {
        if (rows[i] == null) {
          if (!inFile.contains(key(texts.get(i)))) {
            throw new IllegalArgumentException("text features: none of: " + texts.get(i));
          }
          source = source == null ? SafetensorsFile.open(file) : source;
          rows[i] = source.floats(key(texts.get(i)));
          checkFinite(source.info(key(texts.get(i))), rows[i]);
        }
      }
    } finally {
      if (source != null) {
        source.close();
      }
    }
  }
}
