package io.scalekv.model.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
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
 * Store of computed text embeddings by the SHA-256 of the text, in memory and, if there is one, in
 * a safetensors file: one tensor {@code text.HASH} of [T,W] float32 for every text (T tokens, W
 * width). The file's metadata names the encoder; embeddings of two encoders never mix.
 */
public final class TextEmbeddingStore {
  private static final String FORMAT = "scalekv-text-features-1";
  private static final String ENCODER = "encoder";

  private final Path file;
  private final int width;
  private final Set<String> inFile = new HashSet<>();
  private final Map<String, float[]> fresh = new LinkedHashMap<>();
  private String encoder;

  private TextEmbeddingStore(Path file, int width) {
    this.file = file;
    this.width = width;
  }

  /** Creates an empty store without a file, for embeddings of width W. */
  public static TextEmbeddingStore inMemory(int width) {
    return new TextEmbeddingStore(null, width);
  }

  /**
   * Opens a store over a file, which is created when needed.
   *
   * @param file the file
   * @param width W
   * @throws IllegalArgumentException if the file is something else or holds another width
   */
  public static TextEmbeddingStore open(Path file, int width) {
    TextEmbeddingStore store = new TextEmbeddingStore(file, width);
    if (Files.exists(file)) {
      try (TensorSource source = SafetensorsFile.open(file)) {
        String format = source.metadata().get("format");
        Require.that(
            FORMAT.equals(format),
            "%s: format of text embeddings must be %s, got %s",
            file,
            FORMAT,
            format);
        for (String name : source.names()) {
          TensorInfo info = source.info(name);
          long[] shape = info.shape();
          boolean fits =
              shape.length == 2
                  && shape[0] >= 1
                  && shape[0] <= T5Tokenizer.MAX_TOKENS
                  && shape[1] == width
                  && info.type() == StoredType.F32;
          Require.that(
              fits,
              "%s: text embeddings must be F32 [1..%d, %d], got %s",
              file,
              T5Tokenizer.MAX_TOKENS,
              width,
              info);
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

  /** Returns the texts without embeddings, each once, in their order. */
  public List<String> missing(Collection<String> texts) {
    return texts.stream()
        .distinct()
        .filter(t -> !inFile.contains(key(t)) && !fresh.containsKey(key(t)))
        .toList();
  }

  /**
   * Sets the encoder of the embeddings that follow.
   *
   * @throws IllegalArgumentException if the embeddings here come from another one
   */
  public void useEncoder(String fingerprint) {
    Require.that(
        encoder == null || encoder.equals(fingerprint),
        "%s: encoder of text embeddings must be %s, got %s; use another file for another encoder",
        file,
        encoder,
        fingerprint);
    encoder = fingerprint;
  }

  /**
   * Adds embeddings in memory; {@link #save} writes them.
   *
   * @param text the text
   * @param rows T·W numbers
   */
  public void put(String text, float[] rows) {
    Require.that(
        rows.length > 0 && rows.length % width == 0,
        "text embeddings must be rows of %d, got %d numbers",
        width,
        rows.length);
    fresh.put(key(text), rows);
  }

  /**
   * Writes new embeddings, together with those of the file, to a temporary file and moves it into
   * place. Without a file or new embeddings it does nothing.
   */
  public void save() {
    if (file == null || fresh.isEmpty()) {
      return;
    }
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Map<String, NDArray> all = new LinkedHashMap<>();
      if (Files.exists(file)) {
        TextEmbeddingStore now = open(file, width);
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
   * Returns the embeddings of texts.
   *
   * @param scope owner of the result
   * @param texts at least one, none {@link #missing}
   */
  public TextEmbeddings embeddings(NDManager scope, List<String> texts) {
    float[][] rows = new float[texts.size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = fresh.get(key(texts.get(i)));
    }
    readMissing(texts, rows);
    return TextEmbeddings.of(scope, width, rows);
  }

  private static void checkFinite(TensorInfo info, float[] rows) {
    for (int i = 0; i < rows.length; i++) {
      Require.that(
          Float.isFinite(rows[i]),
          "%s: %s: numbers must be finite, got %s at %d",
          info.file(),
          info,
          rows[i],
          i);
    }
  }

  private void readMissing(List<String> texts, float[][] rows) {
    TensorSource source = null;
    try {
      for (int i = 0; i < rows.length; i++) {
        if (rows[i] == null) {
          Require.that(
              inFile.contains(key(texts.get(i))), "missing text embeddings of: %s", texts.get(i));
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
