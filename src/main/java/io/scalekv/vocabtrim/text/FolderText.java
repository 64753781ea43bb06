package io.scalekv.vocabtrim.text;

import io.scalekv.io.Require;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Text of the UTF-8 files of a folder and its subfolders, one document per file, ordered by path;
 * hidden files and files that are not UTF-8 are skipped. Training rows begin at random positions;
 * the last twentieth of all tokens is held out.
 */
public final class FolderText implements TextSource {
  private static final int LEAST_CHARACTERS = 10_000;
  private static final long MOST_CHARACTERS = 500_000_000;
  private static final int HELD_OUT_SHARE = 20;

  private final Path folder;
  private final List<String> documents;
  private int[] stream;

  private FolderText(Path folder, List<String> documents) {
    this.folder = folder;
    this.documents = documents;
  }

  /**
   * Reads the files of a folder.
   *
   * @throws IllegalArgumentException if there is no folder, or too little or too much text in it
   */
  public static FolderText read(Path folder) {
    Require.that(Files.isDirectory(folder), "--text must be a folder, got %s", folder);
    List<String> documents = new ArrayList<>();
    long characters = 0;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        if (!Files.isRegularFile(file) || file.getFileName().toString().startsWith(".")) {
          continue;
        }
        String text = text(file);
        if (text != null && !text.isBlank()) {
          documents.add(text);
          characters += text.length();
        }
        boolean few = characters <= MOST_CHARACTERS;
        Require.that(few, "%s must hold at most %d characters", folder, MOST_CHARACTERS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
    String what = folder + " must hold at least %d characters of UTF-8 text, got %d";
    Require.that(characters >= LEAST_CHARACTERS, what, LEAST_CHARACTERS, characters);
    return new FolderText(folder, documents);
  }

  private static String text(Path file) throws IOException {
    try {
      String text = Files.readString(file);
      return text.indexOf('\0') >= 0 ? null : text;
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  @Override
  public String description() {
    long characters = documents.stream().mapToLong(String::length).sum();
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return documents.size() + " files of " + name + ", " + characters + " characters";
  }

  @Override
  public Iterable<String> tokenizerTexts() {
    return documents;
  }

  /** Returns all documents, concatenated; they are tokenized once. */
  private int[] stream(TextTokenizer tokenizer) {
    if (stream == null) {
      List<int[]> parts = documents.stream().map(tokenizer::encode).toList();
      stream = parts.stream().map(SpecialTokens::framed).flatMapToInt(Arrays::stream).toArray();
    }
    return stream;
  }

  private static int trained(int tokens) {
    return tokens - tokens / HELD_OUT_SHARE;
  }

  @Override
  public int[][] rows(TextTokenizer tokenizer, long seed, int step, int rows, int length) {
    int[] all = stream(tokenizer);
    int trained = trained(all.length);
    int places = trained - length + 1;
    Require.that(places >= 1, "%s must hold %d tokens or more, got %d", folder, length, trained);
    SplittableRandom random = new SplittableRandom(SyntheticLanguage.mix(seed, step));
    int[][] drawn = new int[rows][length];
    for (int[] row : drawn) {
      System.arraycopy(all, random.nextInt(places), row, 0, length);
    }
    return drawn;
  }

  @Override
  public List<int[]> heldOut(TextTokenizer tokenizer, int rows, int length) {
    int[] all = stream(tokenizer);
    List<int[]> held = new ArrayList<>();
    int at = trained(all.length);
    while (held.size() < rows && at + 2 <= all.length) {
      int to = Math.min(all.length, at + length);
      held.add(Arrays.copyOfRange(all, at, to));
      at = to;
    }
    return held;
  }
}
