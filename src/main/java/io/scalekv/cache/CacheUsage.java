package io.scalekv.cache;

/**
 * Memory of a KV cache over one generation, by formula ({@link MemoryModel#usage}) or measured
 * ({@link CacheMeasurement}).
 *
 * @param tokensBetweenScales most tokens stored between two scales, mean over layers and heads
 * @param peakTokens most tokens stored after any layer's write, mean over layers and heads
 * @param kvBytes most bytes of stored keys and values between two scales
 * @param peakKvBytes most bytes of stored keys and values after any layer's write
 * @param workingPeakBytes most bytes while a layer attends: the stored ones and the float32 copies
 *     of the keys and values that this layer reads, those of the current map included
 */
public record CacheUsage(
    double tokensBetweenScales,
    double peakTokens,
    long kvBytes,
    long peakKvBytes,
    long workingPeakBytes) {}
