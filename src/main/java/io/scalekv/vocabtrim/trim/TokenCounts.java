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

/**
 * How often each token of a vocabulary occurs in streams of text. Counts of parts combine to those
 * of the whole, in any order. Not for several threads at once.
 */
public final class TokenCounts {
  private static final String HEADER = "id,count";

  private final long[] counts;

  private TokenCounts(long[] counts) {
    this.counts = counts;
  }

  /** No token yet. */
  public static TokenCounts create(int vocabulary) {
    Require.that(
        vocabulary >= 1, "vocabulary of token counts must be at least 1, got %s", vocabulary);
    return new TokenCounts(new long[vocabulary]);
  }

  /** Counts that are there. */
  public static TokenCounts of(long... counts) {
    for (int id = 0; id < counts.length; id++) {
      Require.that(counts[id] >= 0, "count of token %s must be at least 0, got %s", id, counts[id]);
    }
    return new TokenCounts(counts.clone());
  }

  /** Counts every token of a text. */
  public void accept(int... tokens) {
    accept(tokens, 0);
  }

  /**
   * Counts the tokens of a response.
   *
   * @param tokens prompt and response
   * @param from first token of the response
   */
  public void accept(int[] tokens, int from) {
    for (int i = from; i < tokens.length; i++) {
      Require.that(
          tokens[i] >= 0 && tokens[i] < counts.length,
          "counted token must be in 0..%s, got %s",
          (counts.length - 1),
          tokens[i]);
      counts[tokens[i]]++;
    }
  }

  /** Adds counts of another part. */
  public void combine(TokenCounts other) {
    Require.that(
        other.counts.length == counts.length,
        "vocabulary of token counts must be %s, got %s",
        counts.length,
        other.counts.length);
    for (int id = 0; id < counts.length; id++) {
      counts[id] += other.counts[id];
    }
  }

  /** V. */
  public int vocabulary() {
    return counts.length;
  }

  /** How often a token was seen. */
  public long count(int id) {
    return counts[id];
  }

  /** Tokens seen in all. */
  public long total() {
    return Arrays.stream(counts).sum();
  }

  /** Different tokens seen. */
  public int distinct() {
    return (int) Arrays.stream(counts).filter(c -> c > 0).count();
  }

  /**
   * Share of the counted tokens that is kept: Σ_{v in I} c(v) / Σ c; NaN if nothing was counted.
   */
  public double coverage(VocabularySubset kept) {
    Require.that(
        kept.vocabulary() == counts.length,
        "vocabulary of the subset must be %s, got %s",
        counts.length,
        kept.vocabulary());
    long inside = 0;
    for (int j = 0; j < kept.size(); j++) {
      inside += counts[kept.id(j)];
    }
    long total = total();
    return total == 0 ? Double.NaN : (double) inside / total;
  }

  /** Writes one line a token, {@code id,count}, below a header. */
  public void write(Path file) throws IOException {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    for (int id = 0; id < counts.length; id++) {
      text.append(id).append(',').append(counts[id]).append('\n');
    }
    AtomicFile.write(file, text.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Reads what {@link #write} wrote: every token once, from 0 on. */
  public static TokenCounts read(Path file) throws IOException {
    Require.that(Files.isRegularFile(file), "missing token counts %s", file);
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    Require.that(
        lines.size() >= 2 && lines.get(0).equals(HEADER),
        "%s: line 1 must be %s, with one line per token after it",
        file,
        HEADER);
    long[] counts = new long[lines.size() - 1];
    for (int id = 0; id < counts.length; id++) {
      String line = lines.get(id + 1);
      Require.that(
          line.matches(id + ",[0-9]{1,18}"),
          "%s: line %s must be %s,COUNT, got %s",
          file,
          (id + 2),
          id,
          line);
      counts[id] = Long.parseLong(line.substring(line.indexOf(',') + 1));
    }
    return new TokenCounts(counts);
  }
}
