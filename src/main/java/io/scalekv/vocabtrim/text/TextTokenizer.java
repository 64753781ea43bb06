package io.scalekv.vocabtrim.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.weights.GgufFile;
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
  private final String tablesOnly;

  private TextTokenizer(
      HuggingFaceTokenizer library, BytePairJson json, String hash, String tablesOnly) {
    this.library = library;
    this.json = json;
    this.hash = hash;
    this.tablesOnly = tablesOnly;
  }

  /**
   * Opens a tokenizer.
   *
   * @param path the file, a folder that holds {@value #FILE}, or a GGUF file; one with an unknown
   *     split into words gives its tables of tokens but encodes nothing
   * @throws IllegalArgumentException if it is missing or cannot be read
   */
  public static TextTokenizer open(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
    Require.that(Files.isRegularFile(file), "missing tokenizer %s", file);
    try {
      String tablesOnly = null;
      byte[] bytes;
      if (GgufFile.starts(file)) {
        try (GgufFile gguf = GgufFile.open(file)) {
          bytes = GgufTokenizer.json(gguf);
          tablesOnly = GgufTokenizer.unknownSplit(gguf);
        }
      } else {
        bytes = Files.readAllBytes(file);
      }
      BytePairJson json = BytePairJson.of(bytes);
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.own()), OPTIONS);
      return new TextTokenizer(library, json, "sha256:" + Sha256.of(bytes), tablesOnly);
    } catch (IOException | RuntimeException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException(file + ": not a tokenizer: " + reason, e);
    }
  }

  /** Returns whether a folder or GGUF file holds a tokenizer. */
  public static boolean isIn(Path path) throws IOException {
    if (!GgufFile.starts(path)) {
      return Files.isRegularFile(path.resolve(FILE));
    }
    try (GgufFile gguf = GgufFile.open(path)) {
      return gguf.value("tokenizer.ggml.tokens") != null
          && gguf.value("tokenizer.ggml.token_type") != null;
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

  /** Returns the tokens of a single byte, ascending. */
  public SortedSet<Integer> bytes() {
    return new TreeSet<>(json.bytes());
  }

  /**
   * Returns the SHA-256 of all tokens with their ids, equal for files that differ in layout only.
   */
  public String tokensHash() {
    return json.tokensHash();
  }

  /** Returns {@code sha256:} and the hash of the file; of a GGUF file, that of its tables. */
  public String hash() {
    return hash;
  }

  /** Returns the tokens of a text; none is added. The text of a special token is that token. */
  public int[] encode(String text) {
    return Arrays.stream(ids(text)).mapToInt(Math::toIntExact).toArray();
  }

  /** Counts the tokens of a text. Several threads may count at once, each into its own counts. */
  public long count(String text, long[] counts) {
    long[] ids = ids(text);
    for (long id : ids) {
      counts[(int) id]++;
    }
    return ids.length;
  }

  /** Returns the tokens alone: the library's own method builds seven more arrays. */
  private long[] ids(String text) {
    Require.that(tablesOnly == null, "%s: give the tokenizer.json of the model", tablesOnly);
    long encoding = TokenizersLibrary.LIB.encode(library.getHandle(), text, false);
    try {
      return TokenizersLibrary.LIB.getTokenIds(encoding);
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
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
