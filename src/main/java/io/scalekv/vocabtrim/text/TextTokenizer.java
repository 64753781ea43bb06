package io.scalekv.vocabtrim.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Text to tokens and back, by the {@code tokenizer.json} of a model folder. */
public final class TextTokenizer implements AutoCloseable {
  /** Name of the file in a model folder. */
  public static final String FILE = "tokenizer.json";

  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "padding", "false", "truncation", "false");

  private final HuggingFaceTokenizer library;
  private final int size;
  private final SortedSet<Integer> special;
  private final String hash;

  private TextTokenizer(
      HuggingFaceTokenizer library, int size, SortedSet<Integer> special, String hash) {
    this.library = library;
    this.size = size;
    this.special = special;
    this.hash = hash;
  }

  /**
   * Opens a tokenizer.
   *
   * @param path the file, or a folder that holds {@value #FILE}
   * @throws IllegalArgumentException if it is not there or cannot be read
   */
  public static TextTokenizer open(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
    Require.that(Files.isRegularFile(file), "missing tokenizer %s", file);
    try {
      byte[] bytes = Files.readAllBytes(file);
      BytePairJson json = BytePairJson.of(bytes);
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.own()), OPTIONS);
      return new TextTokenizer(library, json.size(), json.special(), "sha256:" + Sha256.of(bytes));
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException(file + ": not a tokenizer: " + reason, e);
    }
  }

  /** Number of tokens, special ones included. */
  public int size() {
    return size;
  }

  /** Tokens that stand for no text of their own, such as the end of a text; ascending. */
  public SortedSet<Integer> special() {
    return new TreeSet<>(special);
  }

  /** {@code sha256:} and the hash of the file: equal for equal tokenizers. */
  public String hash() {
    return hash;
  }

  /** The tokens of a text; none is added. A special token written out is that token. */
  public int[] encode(String text) {
    long[] ids = library.encode(text, false, false).getIds();
    int[] tokens = new int[ids.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = Math.toIntExact(ids[i]);
    }
    return tokens;
  }

  /** The text of tokens, without special ones. */
  public String decode(int[] tokens) {
    long[] ids = new long[tokens.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens[i];
    }
    return library.decode(ids, true);
  }

  @Override
  public void close() {
    library.close();
  }
}
