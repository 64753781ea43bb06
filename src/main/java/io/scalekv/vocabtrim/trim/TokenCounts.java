package io.scalekv.vocabtrim.trim;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Require;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Counts of every token of a vocabulary in a text. Not thread-safe. */
public final class TokenCounts {
  private static final String HEADER = "id,count";

  private final long[] counts;

  private TokenCounts(long[] counts) {
    this.counts = counts;
  }

  /** Begins counts of 0. */
  public static TokenCounts create(int vocabulary) {
    return new TokenCounts(new long[Require.atLeast("vocabulary", vocabulary, 1)]);
  }

  /** Returns the given counts, by token. */
  public static TokenCounts of(long... counts) {
    for (long count : counts) {
      Require.that(count >= 0, "token count must be at least 0, got %d", count);
    }
    return new TokenCounts(counts.clone());
  }

  /** Counts every token of a text. */
  public void accept(int... tokens) {
    for (int token : tokens) {
      Require.between("counted token", token, 0, counts.length - 1);
      counts[token]++;
    }
  }

  /** Returns V. */
  public int vocabulary() {
    return counts.length;
  }

  /** Returns the count of a token. */
  public long count(int id) {
    return counts[id];
  }

  /** Returns the sum of all counts. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** Returns the number of tokens that occur. */
  public int distinct() {
    return (int) Arrays.stream(counts).filter(c -> c > 0).count();
  }

  /** Returns the share of the counted text that is retained; NaN if nothing was counted. */
  public double coverage(VocabularySubset retained) {
    int own = counts.length;
    int other = retained.vocabulary();
    Require.that(other == own, "vocabulary of the subset must be %d, got %d", own, other);
    long inside = 0;
    for (int j = 0; j < retained.size(); j++) {
      inside += counts[retained.id(j)];
    }
    long total = total();
    return total == 0 ? Double.NaN : (double) inside / total;
  }

  /** Writes a CSV file of one line {@code id,count} per token, below a header. */
  public void write(Path file) throws IOException {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    for (int id = 0; id < counts.length; id++) {
      text.append(id).append(',').append(counts[id]).append('\n');
    }
    AtomicFile.write(file, text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Reads a file of {@link #write}. */
  public static TokenCounts read(Path file) throws IOException {
    Require.that(Files.isRegularFile(file), "missing token counts %s", file);
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    boolean header = lines.size() >= 2 && lines.get(0).equals(HEADER);
    Require.that(header, "%s: line 1 must be %s, followed by one line per token", file, HEADER);
    long[] counts = new long[lines.size() - 1];
    for (int id = 0; id < counts.length; id++) {
      String line = lines.get(id + 1);
      boolean count = line.matches(id + ",[0-9]{1,18}");
      Require.that(count, "%s: line %d must be %d,COUNT, got %s", file, id + 2, id, line);
      counts[id] = Long.parseLong(line.substring(line.indexOf(',') + 1));
    }
    return new TokenCounts(counts);
  }
}
