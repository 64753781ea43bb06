package io.scalekv.vocabtrim.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Tokenizer of a model folder, read from its {@code tokenizer.json}. */
public final class TextTokenizer implements AutoCloseable {
  /** File name in a model folder. */
  public static final String FILE = "tokenizer.json";

  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "padding", "false", "truncation", "false");

  private final HuggingFaceTokenizer library;
  private final BytePairJson json;
  private final String hash;

  private TextTokenizer(HuggingFaceTokenizer library, BytePairJson json, String hash) {
    this.library = library;
    this.json = json;
    this.hash = hash;
  }

  /**
   * Opens a tokenizer.
   *
   * @param path the file, or a folder that holds {@value #FILE}
   * @throws IllegalArgumentException if it is missing or cannot be read
   */
  public static TextTokenizer open(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
    Require.that(Files.isRegularFile(file), "missing tokenizer %s", file);
    try {
      byte[] bytes = Files.readAllBytes(file);
      BytePairJson json = BytePairJson.of(bytes);
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.own()), OPTIONS);
      return new TextTokenizer(library, json, "sha256:" + Sha256.of(bytes));
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException(file + ": not a tokenizer: " + reason, e);
    }
  }

  /** Returns the number of tokens, special ones included. */
  public int size() {
    return json.size();
  }

  /** Returns the special tokens, such as the end of a text; ascending. */
  public SortedSet<Integer> special() {
    return new TreeSet<>(json.special());
  }

  /** Returns {@code sha256:} and the hash of the file. */
  public String hash() {
    return hash;
  }

  /** Returns the tokens of a text; none is added. The text of a special token is that token. */
  public int[] encode(String text) {
    long[] ids = library.encode(text, false, false).getIds();
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  /** Returns the text of tokens, without special ones. */
  public String decode(int[] tokens) {
    return library.decode(Arrays.stream(tokens).asLongStream().toArray(), true);
  }

  @Override
  public void close() {
    library.close();
  }
}
