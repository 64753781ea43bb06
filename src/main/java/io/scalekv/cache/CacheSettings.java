package io.scalekv.cache;

/**
 * How a generation keeps its history.
 *
 * @param policy of all batch rows, or of the conditional ones where {@code unconditional} is given
 * @param unconditional of the unconditional rows, or null for the same as the others
 * @param keys how keys are stored
 * @param values how values are stored
 */
public record CacheSettings(
    CachePolicy policy, CachePolicy unconditional, CacheType keys, CacheType values) {
  /** Everything is kept, in float32. */
  public static CacheSettings full(ScaleSchedule schedule, int layers) {
    return of(new FullPolicy(schedule, layers));
  }

  /** One policy for all rows, in float32. */
  public static CacheSettings of(CachePolicy policy) {
    return new CacheSettings(policy, null, CacheType.FP32, CacheType.FP32);
  }
}
