package io.scalekv.model;

import io.scalekv.cache.ScaleSchedule;

/**
 * Site of an attention call.
 *
 * @param layer layer index, 0-based
 * @param scale index of the current scale, 0-based
 * @param schedule all token maps of this generation
 * @param conditionalRows number of conditional batch rows, which come first; the rest are
 *     unconditional
 * @param softmaxScale factor on q·k before the softmax (1 for Infinity's cosine attention, whose
 *     learned temperature is already in the query)
 * @param sampled positions of the queries on the map where only some are there, in one conditional
 *     row; null for all of them in order
 */
public record AttentionSite(
    int layer,
    int scale,
    ScaleSchedule schedule,
    int conditionalRows,
    double softmaxScale,
    int[] sampled) {
  /** Returns a site with all queries. */
  public AttentionSite(
      int layer, int scale, ScaleSchedule schedule, int conditionalRows, double softmaxScale) {
    this(layer, scale, schedule, conditionalRows, softmaxScale, null);
  }

  /** Returns the number of queries of a head. */
  public int queries() {
    return sampled == null ? schedule.tokens(scale) : sampled.length;
  }
}
