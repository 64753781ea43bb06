package io.scalekv.profile;

import io.scalekv.io.Require;

/**
 * Sampling of attention rows and settings of the statistics.
 *
 * @param querySamples query rows of each map, drawn uniformly without replacement; {@link #ALL}
 *     takes every row
 * @param detailRows drawn rows that are measured whole; the others give only their sums over keys
 *     (current map, sinks, source scales) and the prefix top-K' sum, in the conditional branch
 *     alone. As the rows come in random order, these are a uniform sample too
 * @param seed seed of the draw
 * @param historyTopK K' of the prefix top-K' sum
 * @param unconditional whether the unconditional branch is measured too; without it a guided
 *     generation costs half as much to observe and has no {@link HeadStatistic#BRANCH_DRIFT}
 * @param cutTokens tokens per layer and head of the simulated cache whose {@link
 *     HeadStatistic#CUT_ERROR} is measured, 0 for none
 */
public record ProfileOptions(
    int querySamples,
    int detailRows,
    long seed,
    TopKeys historyTopK,
    boolean unconditional,
    int cutTokens) {
  /** Every row of every map. */
  public static final int ALL = Integer.MAX_VALUE;

  /** Rows measured whole that are sorted for the Gini coefficient, in the conditional branch. */
  public static final int SORTED_ROWS = 8;

  /** First cached tokens that count as attention sinks: the first two maps of a square schedule. */
  public static final int SINK_TOKENS = 5;

  /** Checks every value. */
  public ProfileOptions {
    Require.atLeast("query samples", querySamples, 1);
    Require.atLeast("detailed rows", detailRows, 1);
    Require.atLeast("cut tokens", cutTokens, 0);
    Require.that(historyTopK != null, "missing K' of the prefix top-K' sum");
  }

  /**
   * Returns 64 query rows, all of them measured whole, seed 0, K' = 5 % of the prefix, both
   * branches, no simulated cache.
   */
  public static ProfileOptions defaults() {
    return new ProfileOptions(64, ALL, 0, new TopKeys.Fraction(0.05), true, 0);
  }

  /** Returns {@link #defaults()} with 8 query rows, one of them measured whole: little overhead. */
  public static ProfileOptions light() {
    return defaults().withQuerySamples(8).withDetailRows(1);
  }

  /** Returns the same options with another number of query rows. */
  public ProfileOptions withQuerySamples(int rows) {
    return new ProfileOptions(rows, detailRows, seed, historyTopK, unconditional, cutTokens);
  }

  /** Returns the same options with another number of rows measured whole. */
  public ProfileOptions withDetailRows(int rows) {
    return new ProfileOptions(querySamples, rows, seed, historyTopK, unconditional, cutTokens);
  }

  /** Returns the same options with another seed. */
  public ProfileOptions withSeed(long newSeed) {
    return new ProfileOptions(
        querySamples, detailRows, newSeed, historyTopK, unconditional, cutTokens);
  }

  /** Returns the same options with another K'. */
  public ProfileOptions withHistoryTopK(TopKeys keys) {
    return new ProfileOptions(querySamples, detailRows, seed, keys, unconditional, cutTokens);
  }

  /** Returns the same options with or without the unconditional branch. */
  public ProfileOptions withUnconditional(boolean measured) {
    return new ProfileOptions(querySamples, detailRows, seed, historyTopK, measured, cutTokens);
  }

  /** Returns the same options with another simulated cache, 0 for none. */
  public ProfileOptions withCutTokens(int tokens) {
    return new ProfileOptions(querySamples, detailRows, seed, historyTopK, unconditional, tokens);
  }
}
