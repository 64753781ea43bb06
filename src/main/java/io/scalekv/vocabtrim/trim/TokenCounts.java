package io.scalekv.vocabtrim.trim;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Numbers;
import io.scalekv.io.Require;
import io.scalekv.io.TextFile;
import io.scalekv.vocabtrim.lm.VocabularySubset;
import io.scalekv.weights.NpyFile;
import io.scalekv.weights.TorchIntegers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

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

  /** Returns the counts for another number of tokens: a padded vocabulary has more ids. */
  public TokenCounts resized(int vocabulary) {
    for (int id = vocabulary; id < counts.length; id++) {
      Require.that(counts[id] == 0, "counted token must be below %d, got %d", vocabulary, id);
    }
    return new TokenCounts(Arrays.copyOf(counts, vocabulary));
  }

  /** Returns all counts, by token. */
  public long[] toArray() {
    return counts.clone();
  }

  /** Returns V. */
  public int vocabulary() {
    return counts.length;
  }

  /** Returns the count of a token. */
  public long count(int id) {
    return counts[id];
  }

  /**
   * Returns the sum of all counts.
   *
   * @throws IllegalArgumentException if it exceeds 63 bits
   */
  public long total() {
    return Arrays.stream(counts).reduce(0, (a, b) -> Numbers.sum("counts", a, b));
  }

  /** Adds the counts of another text. */
  public void add(long[] more) {
    for (int id = 0; id < counts.length; id++) {
      counts[id] = Numbers.sum("counts of token " + id, counts[id], more[id]);
    }
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

  /**
   * Reads counts: a file of {@link #write}, {@code torch.save} of a dict from ids to counts (as
   * speculators' {@code token_freq.pt}) or of a vector, or a vector in {@code .npy}.
   *
   * @param vocabulary V, needed for a dict only; 0 if unknown
   */
  public static TokenCounts read(Path file, int vocabulary) throws IOException {
    TextFile.require("token counts", file);
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(8);
    }
    if (NpyFile.starts(head)) {
      return of(NpyFile.read(file));
    } else if (head.length > 3 && head[0] == 'P' && head[1] == 'K') {
      return saved(file, TorchIntegers.read(file), vocabulary);
    }
    return csv(file);
  }

  private static TokenCounts saved(Path file, TorchIntegers saved, int vocabulary) {
    if (saved instanceof TorchIntegers.Vector vector) {
      return of(vector.values());
    }
    boolean dict = saved instanceof TorchIntegers.Counts;
    Require.that(dict, "%s must hold a dict or vector of counts", file);
    Map<Long, Long> byId = ((TorchIntegers.Counts) saved).byId();
    String unknown = "missing size of the vocabulary for %s: give --tokenizer";
    Require.that(vocabulary > 0, unknown, file);
    long[] counts = new long[vocabulary];
    byId.forEach(
        (id, count) ->
            counts[(int) Require.between("counted token", id, 0, vocabulary - 1)] = count);
    return of(counts);
  }

  private static TokenCounts csv(Path file) {
    List<String> lines = TextFile.lines(TextFile.read(file));
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
