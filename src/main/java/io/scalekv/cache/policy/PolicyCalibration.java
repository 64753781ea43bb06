package io.scalekv.cache.policy;

import io.scalekv.io.Require;
import java.util.Map;
import java.util.TreeMap;

/**
 * Measured parts that policies need, by name. A policy names its parts in {@link PolicyKind#needs}
 * and reads them with {@link #part}.
 */
public final class PolicyCalibration {
  /** ScaleKV's roles: {@code boolean[layer][scale]}, true for drafters. */
  public static final String ROLES = "roles";

  /** HeatKV's orders: {@link BlockOrder}. */
  public static final String HEATKV = "heatkv";

  /** AMS-KV's similarity of keys and values between maps: {@code double[layer]}. */
  public static final String AMS_KV = "ams-kv";

  /** HACK's rank of attention variance: {@code double[layer][head]}. */
  public static final String HACK = "hack";

  /** Curves of the error-curve policy: {@link ErrorCurves}. */
  public static final String ERROR_CURVES = "error-curves";

  /** No part measured. */
  public static final PolicyCalibration NONE = new PolicyCalibration(Map.of());

  private final Map<String, Object> parts;

  private PolicyCalibration(Map<String, Object> parts) {
    this.parts = parts;
  }

  /** Returns this calibration with one more part; null adds none. */
  public PolicyCalibration with(String name, Object part) {
    if (part == null) {
      return this;
    }
    Map<String, Object> more = new TreeMap<>(parts);
    more.put(name, part);
    return new PolicyCalibration(more);
  }

  /** Returns whether a part was measured. */
  public boolean has(String name) {
    return parts.containsKey(name);
  }

  /**
   * Returns a part.
   *
   * @throws IllegalArgumentException if it was not measured
   */
  public <T> T part(String name, Class<T> type) {
    Require.that(has(name), "missing calibration part %s: run calibrate, then pass --roles", name);
    return type.cast(parts.get(name));
  }

  /**
   * Order in which HeatKV drops whole blocks.
   *
   * @param firstMap first source map that may be dropped, s0
   * @param order [source map − s0][rank] = head · L + layer, first dropped first
   */
  public record BlockOrder(int firstMap, int[][] order) {}
}
