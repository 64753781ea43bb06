package io.scalekv.vocabtrim.pair;

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
 * A target and a drafter with one tokenizer, in memory.
 *
 * @param name of the pair
 * @param target with its whole head
 * @param drafter of the same vocabulary, with its whole head
 * @param tokenizer of both
 * @param hash {@code sha256:} and the hash of the weights of target and drafter and of the
 *     tokenizer
 */
public record ModelPair(
    String name, Llama target, Llama drafter, TextTokenizer tokenizer, String hash)
    implements AutoCloseable {
  /** Folder of the target below the folder of a pair. */
  public static final String TARGET = "target";

  /** Folder of the drafter below the folder of a pair. */
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
   * @param drafter folder of the drafter; if it has a tokenizer, the same one
   * @throws IllegalArgumentException if they do not belong together
   */
  public static ModelPair open(String name, Path target, Path drafter, LoadListener listener) {
    Llama t = null;
    Llama d = null;
    TextTokenizer tokenizer = null;
    try {
      tokenizer = TextTokenizer.open(target);
      sameTokenizer(tokenizer, drafter);
      t = Llama.open(target, listener);
      d = Llama.open(drafter, listener);
      if (t.vocabulary() != d.vocabulary()) {
        throw new IllegalArgumentException(
            drafter
                + ": a drafter of the target's "
                + t.vocabulary()
                + " tokens expected, got "
                + d.vocabulary());
      }
      if (tokenizer.size() > t.vocabulary()) {
        throw new IllegalArgumentException(
            target
                + ": a tokenizer of at most the model's "
                + t.vocabulary()
                + " tokens expected, got "
                + tokenizer.size());
      }
      return new ModelPair(name, t, d, tokenizer, hash(target, drafter));
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

  private static void sameTokenizer(TextTokenizer tokenizer, Path drafter) {
    if (!Files.exists(drafter.resolve(TextTokenizer.FILE))) {
      return;
    }
    try (TextTokenizer other = TextTokenizer.open(drafter)) {
      if (!other.hash().equals(tokenizer.hash())) {
        throw new IllegalArgumentException(
            drafter
                + ": the target's tokenizer expected ("
                + tokenizer.hash()
                + "), got another ("
                + other.hash()
                + ")");
      }
    }
  }

  private static String hash(Path target, Path drafter) {
    List<Path> files = new ArrayList<>();
    for (Path folder : List.of(target, drafter)) {
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
    drafter.close();
    target.close();
    tokenizer.close();
  }
}
