package io.scalekv.cli;

import io.scalekv.io.Require;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.vocabtrim.text.TokenCounter;
import io.scalekv.vocabtrim.trim.DraftModel;
import io.scalekv.vocabtrim.trim.Protection;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Options of the VocabTrim commands that read texts: tokenizer, roles, held-out texts. */
final class TokenizerOptions {
  @Option(
      names = "--tokenizer",
      paramLabel = "PATH",
      description = "Target's tokenizer: tokenizer.json, its folder, or a GGUF file.")
  private Path tokenizer;

  @Option(
      names = "--roles",
      paramLabel = "ROLE",
      split = ",",
      defaultValue = "assistant",
      description = "Roles of the messages to read (default: ${DEFAULT-VALUE}).")
  Set<String> roles = Set.of();

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Held-out text, JSON lines or plain, reported by language; repeatable.")
  private List<Path> heldOut = List.of();

  /** Opens the tokenizer of the option, or of another place if none is named; may be null. */
  TextTokenizer open(Path otherwise) {
    Path path = tokenizer == null ? otherwise : tokenizer;
    return path == null ? null : TextTokenizer.open(path);
  }

  /** Opens the tokenizer, which must be named. */
  TextTokenizer open() {
    Require.that(tokenizer != null, "missing tokenizer: give --tokenizer");
    return open(null);
  }

  /** Returns V: the vocab_size beside the tokenizer, which may be padded, or the tokenizer's. */
  int vocabulary(TextTokenizer opened) throws IOException {
    int own = opened == null ? 0 : opened.size();
    return tokenizer == null ? own : DraftModel.declaredVocabulary(tokenizer).orElse(own);
  }

  /** Returns the task of counting some files. */
  TokenCounter.Task task(List<Path> files, int threads) {
    return new TokenCounter.Task(files, roles, threads);
  }

  /** Returns the counts of the held-out texts by language; empty without any. */
  Map<String, TokenCounts> heldOut(TextTokenizer opened, int vocabulary) throws IOException {
    Map<String, TokenCounts> counts = new LinkedHashMap<>();
    if (!heldOut.isEmpty()) {
      Require.that(opened != null, "missing tokenizer for --text: give --tokenizer");
      new TokenCounter(opened, task(heldOut, 1))
          .byLanguage()
          .forEach((language, of) -> counts.put(language, TokenCounts.of(of).resized(vocabulary)));
    }
    return counts;
  }

  /** Tokens that are always retained. */
  static final class Protect {
    @Option(
        names = "--protect-special",
        negatable = true,
        defaultValue = "true",
        fallbackValue = "true",
        description = "Retain all special tokens (default).")
    private boolean special;

    @Option(
        names = "--protect-bytes",
        negatable = true,
        defaultValue = "true",
        fallbackValue = "true",
        description = "Retain all tokens of a single byte (default).")
    private boolean bytes;

    @Option(
        names = "--protect",
        paramLabel = "ID",
        split = ",",
        description = "Other tokens to retain, by id.")
    private List<Integer> ids = List.of();

    /** Returns the protection; without a tokenizer both kinds must be off. */
    Protection of(TextTokenizer tokenizer) {
      boolean known = tokenizer != null || (!special && !bytes);
      Require.that(
          known,
          "missing tokenizer, which names special and byte tokens: give --tokenizer, or"
              + " --no-protect-special and --no-protect-bytes");
      return Protection.of(tokenizer, special, bytes, ids);
    }
  }

  /** Converter of numbers of tokens: {@code 32000}, {@code 32k} = 32 · 1024. */
  static final class Size implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      if (!text.matches("[1-9]\\d{0,7}k?")) {
        throw new TypeConversionException(
            "must be a number of tokens such as 32000 or 32k, got " + text);
      }
      boolean k = text.endsWith("k");
      return Integer.parseInt(k ? text.substring(0, text.length() - 1) : text) * (k ? 1024 : 1);
    }
  }
}
