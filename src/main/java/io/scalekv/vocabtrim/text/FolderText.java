package io.scalekv.vocabtrim.text;

import io.scalekv.io.Require;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The UTF-8 files of a folder and its subfolders as text to train on, one document each, in the
 * order of their paths; hidden files and files that are not UTF-8 are passed over. A training draws
 * rows at random places; the last twentieth of all tokens is held out.
 */
public final class FolderText implements TrainingText {
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
    Require.that(
        Files.isDirectory(folder), "--text must be a folder of text files, got %s", folder);
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
        Require.that(
            characters <= MOST_CHARACTERS,
            "%s must hold at most %s characters",
            folder,
            MOST_CHARACTERS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(folder + ": " + e.getMessage(), e);
    }
    Require.that(
        characters >= LEAST_CHARACTERS,
        "%s must hold at least %s characters of UTF-8 text, got %s",
        folder,
        LEAST_CHARACTERS,
        characters);
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
    return documents.size()
        + " files of "
        + folder.toAbsolutePath().normalize().getFileName()
        + ", "
        + characters
        + " characters";
  }

  @Override
  public Iterable<String> tokenizerTexts() {
    return documents;
  }

  /** All documents one after the other, tokenized once. */
  private int[] stream(TextTokenizer tokenizer) {
    if (stream == null) {
      List<int[]> parts = documents.stream().map(tokenizer::encode).toList();
      int size = parts.stream().mapToInt(p -> p.length + 2).reduce(0, Math::addExact);
      int[] all = new int[size];
      int n = 0;
      for (int[] part : parts) {
        int[] framed = SpecialTokens.framed(part);
        System.arraycopy(framed, 0, all, n, framed.length);
        n += framed.length;
      }
      stream = all;
    }
    return stream;
  }

  private static int trained(int tokens) {
    return tokens - tokens / HELD_OUT_SHARE;
  }

  @Override
  public int[][] rows(TextTokenizer tokenizer, long seed, int step, int rows, int length) {
    int[] all = stream(tokenizer);
    int places = trained(all.length) - length + 1;
    Require.that(
        places >= 1,
        "%s must hold more than %s tokens, got %s",
        folder,
        length,
        trained(all.length));
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
      int n = Math.min(length, all.length - at);
      int[] row = new int[n];
      System.arraycopy(all, at, row, 0, n);
      held.add(row);
      at += n;
    }
    return held;
  }
}
