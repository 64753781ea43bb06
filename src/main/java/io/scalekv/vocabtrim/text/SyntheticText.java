package io.scalekv.vocabtrim.text;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The synthetic language as text to train on: new documents at every update, the domains in turn.
 * Documents below {@link #FIRST_OF_TRAINING} are never trained on; they are for calibration,
 * prompts and measurements.
 */
public final class SyntheticText implements TrainingText {
  /** Index of the first document that a training may see. */
  public static final long FIRST_OF_TRAINING = 1L << 32;

  private static final int TOKENIZER_DOCUMENTS = 9000;

  private final SyntheticLanguage language;

  /** The text of a language. */
  public SyntheticText(SyntheticLanguage language) {
    this.language = language;
  }

  @Override
  public String description() {
    return "the synthetic language, " + language.words() + " words, domains writing, math, coding";
  }

  @Override
  public Iterable<String> tokenizerTexts() {
    return () ->
        LongStream.range(0, TOKENIZER_DOCUMENTS)
            .mapToObj(i -> document(FIRST_OF_TRAINING + i))
            .iterator();
  }

  /** The document of an index, in the domain whose turn it is. */
  private String document(long index) {
    Domain[] domains = Domain.values();
    return language.document(domains[(int) (index % domains.length)], index);
  }

  @Override
  public int[][] rows(TextTokenizer tokenizer, long seed, int step, int rows, int length) {
    int[][] all = new int[rows][];
    for (int r = 0; r < rows; r++) {
      long place = SyntheticLanguage.mix(SyntheticLanguage.mix(seed, step), r) >>> 2;
      all[r] = row(tokenizer, FIRST_OF_TRAINING + place, length);
    }
    return all;
  }

  /** Documents one after the other, the last one cut. */
  private int[] row(TextTokenizer tokenizer, long first, int length) {
    int[] row = new int[length];
    int n = 0;
    for (long i = first; n < length; i++) {
      int[] tokens = SpecialTokens.framed(tokenizer.encode(document(i)));
      int part = Math.min(tokens.length, length - n);
      System.arraycopy(tokens, 0, row, n, part);
      n += part;
    }
    return row;
  }

  @Override
  public List<int[]> heldOut(TextTokenizer tokenizer, int rows, int length) {
    List<int[]> all = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      all.add(row(tokenizer, (long) r * length, length));
    }
    return all;
  }
}
