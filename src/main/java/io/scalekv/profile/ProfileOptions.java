package io.scalekv.profile;

/**
 * What a profile measures and how many query rows it looks at.
 *
 * @param querySamples query rows of each map, drawn uniformly without replacement; {@link #ALL}
 *     takes every row
 * @param detailRows so many of the drawn rows are measured whole; the others give only their sums
 *     over keys (current map, sinks, source scales) and the history top-K' sum, in the conditional
 *     branch alone. As the rows come in random order, these are a uniform sample too
 * @param sortedRows so many of the detailed rows are sorted for the Gini coefficient, in the
 *     conditional branch
 * @param seed seed of the draw
 * @param historyTopK K' of the history top-K' sum
 * @param sinkTokens the first so many cached tokens are the attention sinks; 5 are the first two
 *     maps of a square schedule
 * @param unconditional whether the unconditional branch is measured too; without it a guided
 *     generation costs half as much to watch and has no {@link HeadStatistic#BRANCH_DRIFT}
 * @param cutTokens tokens per layer and head of the cut whose {@link HeadStatistic#CUT_ERROR} is
 *     measured, 0 for none
 */
public record ProfileOptions(
    int querySamples,
    int detailRows,
    int sortedRows,
    long seed,
    TopKeys historyTopK,
    int sinkTokens,
    boolean unconditional,
    int cutTokens) {
  /** Every row of every map. */
  public static final int ALL = Integer.MAX_VALUE;

  /** Checks every value. */
  public ProfileOptions {
    atLeastOne("query samples", querySamples);
    atLeastOne("detailed rows", detailRows);
    atLeastOne("sorted rows", sortedRows);
    atLeastOne("sink tokens", sinkTokens);
    if (cutTokens < 0) {
      throw new IllegalArgumentException(
          "profile options: cut tokens of at least 0 expected, got " + cutTokens);
    }
    if (historyTopK == null) {
      throw new IllegalArgumentException("profile options: history top-K' expected, got null");
    }
  }

  /**
   * 64 query rows, all of them in detail, 8 sorted, seed 0, K' = 5 % of the history, 5 sinks, both
   * branches, no cut.
   */
  public static ProfileOptions defaults() {
    return new ProfileOptions(64, ALL, 8, 0, TopKeys.fraction(0.05), 5, true, 0);
  }

  /**
   * As {@link #defaults()} with 8 query rows, one of them in detail and sorted: what little a
   * generation should notice.
   */
  public static ProfileOptions light() {
    return defaults().withQuerySamples(8).withDetailRows(1).withSortedRows(1);
  }

  /** The same options with another number of query rows. */
  public ProfileOptions withQuerySamples(int rows) {
    return new ProfileOptions(
        rows, detailRows, sortedRows, seed, historyTopK, sinkTokens, unconditional, cutTokens);
  }

  /** The same options with another number of rows measured whole. */
  public ProfileOptions withDetailRows(int rows) {
    return new ProfileOptions(
        querySamples, rows, sortedRows, seed, historyTopK, sinkTokens, unconditional, cutTokens);
  }

  /** The same options with another number of rows sorted for the Gini coefficient. */
  public ProfileOptions withSortedRows(int rows) {
    return new ProfileOptions(
        querySamples, detailRows, rows, seed, historyTopK, sinkTokens, unconditional, cutTokens);
  }

  /** The same options with another seed. */
  public ProfileOptions withSeed(long newSeed) {
    return new ProfileOptions(
        querySamples,
        detailRows,
        sortedRows,
        newSeed,
        historyTopK,
        sinkTokens,
        unconditional,
        cutTokens);
  }

  /** The same options with another K'. */
  public ProfileOptions withHistoryTopK(TopKeys keys) {
    return new ProfileOptions(
        querySamples, detailRows, sortedRows, seed, keys, sinkTokens, unconditional, cutTokens);
  }

  /** The same options with another number of sinks. */
  public ProfileOptions withSinkTokens(int tokens) {
    return new ProfileOptions(
        querySamples, detailRows, sortedRows, seed, historyTopK, tokens, unconditional, cutTokens);
  }

  /** The same options with or without the unconditional branch. */
  public ProfileOptions withUnconditional(boolean measured) {
    return new ProfileOptions(
        querySamples, detailRows, sortedRows, seed, historyTopK, sinkTokens, measured, cutTokens);
  }

  /** The same options with another cut, 0 for none. */
  public ProfileOptions withCutTokens(int tokens) {
    return new ProfileOptions(
        querySamples, detailRows, sortedRows, seed, historyTopK, sinkTokens, unconditional, tokens);
  }

  private static void atLeastOne(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "profile options: " + what + " of at least 1 expected, got " + value);
    }
  }
}
