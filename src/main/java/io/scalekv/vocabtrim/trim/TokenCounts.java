package io.scalekv.vocabtrim.trim;

import io.scalekv.io.AtomicFile;
import io.scalekv.vocabtrim.lm.KeptIds;
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
    if (vocabulary < 1) {
      throw new IllegalArgumentException(
          "token counts: a vocabulary of at least 1 expected, got " + vocabulary);
    }
    return new TokenCounts(new long[vocabulary]);
  }

  /** Counts that are there. */
  public static TokenCounts of(long... counts) {
    for (int id = 0; id < counts.length; id++) {
      if (counts[id] < 0) {
        throw new IllegalArgumentException(
            "token counts: token " + id + ": at least 0 expected, got " + counts[id]);
      }
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
      if (tokens[i] < 0 || tokens[i] >= counts.length) {
        throw new IllegalArgumentException(
            "token counts: tokens 0.." + (counts.length - 1) + " expected, got " + tokens[i]);
      }
      counts[tokens[i]]++;
    }
  }

  /** Adds counts of another part. */
  public void combine(TokenCounts other) {
    if (other.counts.length != counts.length) {
      throw new IllegalArgumentException(
          "token counts: a vocabulary of "
              + counts.length
              + " expected, got "
              + other.counts.length);
    }
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
  public double coverage(KeptIds kept) {
    if (kept.vocabulary() != counts.length) {
      throw new IllegalArgumentException(
          "coverage: a vocabulary of " + counts.length + " expected, got " + kept.vocabulary());
    }
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
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(file + ": a file of token counts expected, got none");
    }
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    if (lines.size() < 2 || !lines.get(0).equals(HEADER)) {
      throw new IllegalArgumentException(
          file + ": line 1: " + HEADER + " and a line for every token expected, got other text");
    }
    long[] counts = new long[lines.size() - 1];
    for (int id = 0; id < counts.length; id++) {
      String line = lines.get(id + 1);
      if (!line.matches(id + ",[0-9]{1,18}")) {
        throw new IllegalArgumentException(
            file + ": line " + (id + 2) + ": " + id + ",COUNT expected, got " + line);
      }
      counts[id] = Long.parseLong(line.substring(line.indexOf(',') + 1));
    }
    return new TokenCounts(counts);
  }
}
