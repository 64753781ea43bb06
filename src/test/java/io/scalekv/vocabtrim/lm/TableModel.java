package io.scalekv.vocabtrim.lm;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A language model without a net: its logits are random numbers of the last two tokens. Its session
 * checks that it is used as a cache must be.
 */
public final class TableModel implements LanguageModel {
  private final float[][] table;
  private final int vocabulary;
  private final VocabularySubset retained;
  private int passes;

  private TableModel(float[][] table, int vocabulary, VocabularySubset retained) {
    this.table = table;
    this.vocabulary = vocabulary;
    this.retained = retained;
  }

  /** Logits with the given deviation. */
  public static TableModel random(int vocabulary, long seed, double deviation) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] table = new float[(vocabulary + 1) * vocabulary][vocabulary];
    for (float[] row : table) {
      for (int v = 0; v < vocabulary; v++) {
        row[v] = (float) (random.nextGaussian() * deviation);
      }
    }
    return new TableModel(table, vocabulary, VocabularySubset.all(vocabulary));
  }

  /** This model with noise on every logit. */
  public TableModel noisy(long seed, double deviation) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] other = new float[table.length][];
    for (int r = 0; r < table.length; r++) {
      other[r] = table[r].clone();
      for (int v = 0; v < vocabulary; v++) {
        other[r][v] += (float) (random.nextGaussian() * deviation);
      }
    }
    return new TableModel(other, vocabulary, retained);
  }

  /** Logits of the whole vocabulary after a token and the one before it, −1 for none. */
  public float[] whole(int before, int last) {
    return table[(before + 1) * vocabulary + last];
  }

  private float[] row(int before, int last) {
    float[] all = whole(before, last);
    float[] columns = new float[retained.size()];
    for (int j = 0; j < columns.length; j++) {
      columns[j] = all[retained.id(j)];
    }
    return columns;
  }

  /** Passes of all sessions so far. */
  public int passes() {
    return passes;
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public VocabularySubset head() {
    return retained;
  }

  @Override
  public int width() {
    return 1;
  }

  @Override
  public long bodyParameters() {
    return 0;
  }

  @Override
  public int maxPositions() {
    return 4096;
  }

  private float[] logits(int[] tokens) {
    float[] all = new float[tokens.length * retained.size()];
    for (int t = 0; t < tokens.length; t++) {
      float[] row = row(t == 0 ? -1 : tokens[t - 1], tokens[t]);
      System.arraycopy(row, 0, all, t * row.length, row.length);
    }
    return all;
  }

  @Override
  public TableModel withHead(VocabularySubset ids) {
    return new TableModel(table, vocabulary, ids);
  }

  @Override
  public Session session(Session target) {
    return new Session() {
      private int[] held = new int[16];
      private int length;

      @Override
      public int length() {
        return length;
      }

      @Override
      public float[] feed(int[] tokens) {
        if (tokens.length == 0) {
          throw new IllegalArgumentException("no tokens");
        }
        passes++;
        int from = length;
        while (length + tokens.length > held.length) {
          held = Arrays.copyOf(held, 2 * held.length);
        }
        System.arraycopy(tokens, 0, held, length, tokens.length);
        length += tokens.length;
        float[] all = logits(Arrays.copyOf(held, length));
        return Arrays.copyOfRange(all, from * retained.size(), length * retained.size());
      }

      @Override
      public float[] feedLast(int[] tokens) {
        float[] all = feed(tokens);
        return Arrays.copyOfRange(all, all.length - retained.size(), all.length);
      }

      @Override
      public void rollback(int to) {
        if (to < 0 || to > length) {
          throw new IllegalArgumentException("rollback to " + to + " of " + length);
        }
        length = to;
      }

      @Override
      public void close() {
        length = 0;
      }
    };
  }

  @Override
  public void close() {}
}
