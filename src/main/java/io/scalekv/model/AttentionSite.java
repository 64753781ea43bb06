package io.scalekv.model;

import io.scalekv.cache.ScaleSchedule;

/**
 * Where one attention call happens.
 *
 * @param layer layer index, 0-based
 * @param scale index of the current token map, 0-based
 * @param schedule all token maps of this generation
 * @param conditionalRows the first so many of the B batch rows are conditional, the rest
 *     unconditional
 * @param softmaxScale factor on q·k before the softmax (1 for Infinity's cosine attention, whose
 *     learned temperature is already in the query)
 */
public record AttentionSite(
    int layer, int scale, ScaleSchedule schedule, int conditionalRows, double softmaxScale) {}
