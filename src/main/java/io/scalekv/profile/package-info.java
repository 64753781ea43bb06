/**
 * Taps that turn attention into mergeable streaming statistics.
 *
 * <p>The way through the package: an {@link io.scalekv.profile.AttentionProfiler} observes one
 * generation and yields one {@link io.scalekv.profile.PromptStatistics} per prompt; those are
 * collected in an {@link io.scalekv.profile.AttentionProfile}, which answers each {@link
 * io.scalekv.profile.LayerStatistic} as an array [layer][scale]. Only the taps see tensors.
 *
 * <p>Beside it stand taps that measure what single cache policies need: {@link
 * io.scalekv.profile.BlockMassTap}, {@link io.scalekv.profile.MapSimilarityTap} and {@link
 * io.scalekv.profile.AttentionVarianceTap}.
 *
 * <p>Letters: B batch rows, H heads, L tokens of the current map, T cached keys (history, then the
 * current map), D head width, K scales.
 */
package io.scalekv.profile;
