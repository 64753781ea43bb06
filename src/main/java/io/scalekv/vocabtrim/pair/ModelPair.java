package io.scalekv.vocabtrim.pair;

import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.vocabtrim.lm.Eagle;
import io.scalekv.vocabtrim.lm.LanguageModel;
import io.scalekv.vocabtrim.lm.Llama;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Pair of a target and a draft model with one tokenizer, in memory.
 *
 * @param target with its whole head
 * @param draft of the same vocabulary, with its whole head
 * @param hash {@code sha256:} and the hash of the weights of target and draft model and of the
 *     tokenizer
 */
public record ModelPair(
    String name, Llama target, LanguageModel draft, TextTokenizer tokenizer, String hash)
    implements AutoCloseable {
  /** Folder of the target below the folder of a pair. */
  public static final String TARGET = "target";

  /** Folder of the draft model below the folder of a pair. */
  public static final String DRAFTER = "drafter";

  /**
   * Loads a pair from a folder with {@value #TARGET} and {@value #DRAFTER}.
   *
   * @throws IllegalArgumentException if the two models have different vocabularies or tokenizers
   */
  static ModelPair open(String name, Path folder) {
    Path draft = folder.resolve(DRAFTER);
    return open(name, folder.resolve(TARGET), draft, target -> Llama.open(draft));
  }

  /** Loads a pair as {@code train vocabtrim} writes it; errors as {@link #open(String, Path)}. */
  public static ModelPair open(Path folder) {
    return open(folder.toAbsolutePath().normalize().getFileName().toString(), folder);
  }

  /**
   * Loads a target with an EAGLE draft model.
   *
   * @param target GGUF file or folder with its tokenizer
   * @param folder draft model's file, or folder as {@code train vocabtrim --target} writes it
   */
  public static ModelPair open(Path target, Path folder) {
    Path draft = Files.isDirectory(folder) ? folder.resolve(LlamaWeights.FILE) : folder;
    String name = target.toAbsolutePath().normalize().getFileName().toString();
    return open(name, target, draft, t -> Eagle.open(draft, t));
  }

  private static ModelPair open(
      String name, Path target, Path draft, Function<Llama, LanguageModel> opener) {
    TextTokenizer tokenizer = TextTokenizer.open(target);
    Llama t = null;
    LanguageModel d = null;
    try {
      sameTokenizer(tokenizer, draft);
      t = Llama.open(target);
      d = opener.apply(t);
      if (d instanceof Llama) {
        int own = t.vocabulary();
        int other = d.vocabulary();
        Require.that(
            other == own, "%s must have the target's %d tokens, got %d", draft, own, other);
        Require.between("tokens of the tokenizer of " + target, tokenizer.size(), 1, own);
      }
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
      String own = tokenizer.hash();
      String got = other.hash();
      Require.that(
          got.equals(own), "%s must have the target's tokenizer (%s), got %s", draft, own, got);
    }
  }

  private static String hash(Path target, Path draft) {
    List<Path> files = new ArrayList<>();
    for (Path part : List.of(target, draft)) {
      if (Files.isRegularFile(part)) {
        files.add(part);
        continue;
      }
      try (TensorSource source = TensorSource.open(part)) {
        source.files().stream().sorted().forEach(files::add);
      }
    }
    if (Files.isDirectory(target)) {
      files.add(target.resolve(TextTokenizer.FILE));
    }
    try {
      return "sha256:" + Sha256.of(files.toArray(Path[]::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the tokens that a trimmed head always retains: the special ones. */
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
