package io.scalekv.vocabtrim.pair;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.weights.LoadListener;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A target and a draft model with one tokenizer, in memory.
 *
 * @param name of the pair
 * @param target with its whole head
 * @param draft of the same vocabulary, with its whole head
 * @param tokenizer of both
 * @param hash {@code sha256:} and the hash of the weights of target and draft model and of the
 *     tokenizer
 */
public record ModelPair(
    String name, Llama target, Llama draft, TextTokenizer tokenizer, String hash)
    implements AutoCloseable {
  /** Folder of the target below the folder of a pair. */
  public static final String TARGET = "target";

  /** Folder of the draft model below the folder of a pair. */
  public static final String DRAFTER = "drafter";

  /**
   * Loads a pair as {@code train vocabtrim} leaves it: a folder with {@value #TARGET} and {@value
   * #DRAFTER}.
   */
  public static ModelPair open(Path folder, LoadListener listener) {
    return open(
        folder.toAbsolutePath().normalize().getFileName().toString(),
        folder.resolve(TARGET),
        folder.resolve(DRAFTER),
        listener);
  }

  /**
   * Loads two models.
   *
   * @param name of the pair
   * @param target folder of the target, with the tokenizer
   * @param draft folder of the draft model; if it has a tokenizer, the same one
   * @throws IllegalArgumentException if they do not belong together
   */
  public static ModelPair open(String name, Path target, Path draft, LoadListener listener) {
    Llama t = null;
    Llama d = null;
    TextTokenizer tokenizer = null;
    try {
      tokenizer = TextTokenizer.open(target);
      sameTokenizer(tokenizer, draft);
      t = Llama.open(target, listener);
      d = Llama.open(draft, listener);
      Require.that(
          t.vocabulary() == d.vocabulary(),
          "%s must have the target's %s tokens, got %s",
          draft,
          t.vocabulary(),
          d.vocabulary());
      Require.that(
          tokenizer.size() <= t.vocabulary(),
          "%s: tokenizer must have at most the model's %s tokens, got %s",
          target,
          t.vocabulary(),
          tokenizer.size());
      return new ModelPair(name, t, d, tokenizer, hash(target, draft));
    } catch (RuntimeException | Error e) {
      for (AutoCloseable part : new AutoCloseable[] {d, t, tokenizer}) {
        closeQuietly(part);
      }
      throw e;
    }
  }

  private static void closeQuietly(AutoCloseable part) {
    try {
      if (part != null) {
        part.close();
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void sameTokenizer(TextTokenizer tokenizer, Path draft) {
    if (!Files.exists(draft.resolve(TextTokenizer.FILE))) {
      return;
    }
    try (TextTokenizer other = TextTokenizer.open(draft)) {
      Require.that(
          other.hash().equals(tokenizer.hash()),
          "%s must have the target's tokenizer (%s), got another (%s)",
          draft,
          tokenizer.hash(),
          other.hash());
    }
  }

  private static String hash(Path target, Path draft) {
    List<Path> files = new ArrayList<>();
    for (Path folder : List.of(target, draft)) {
      try (TensorSource source = TensorSource.open(folder)) {
        source.files().stream().sorted().forEach(files::add);
      }
    }
    files.add(target.resolve(TextTokenizer.FILE));
    try {
      return "sha256:" + Sha256.of(files.toArray(Path[]::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Tokens that a trimmed head always keeps: the special ones, those that begin or end a text. */
  public SortedSet<Integer> special() {
    SortedSet<Integer> ids = new TreeSet<>(tokenizer.special());
    ids.addAll(target.config().eos());
    if (target.config().bos() >= 0) {
      ids.add(target.config().bos());
    }
    return ids;
  }

  @Override
  public void close() {
    draft.close();
    target.close();
    tokenizer.close();
  }
}
