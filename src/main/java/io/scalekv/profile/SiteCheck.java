package io.scalekv.profile;

import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;

/** Refuses attention that does not belong to the measured model, or that reads a cut cache. */
final class SiteCheck {
  private SiteCheck() {}

  /**
   * Checks one call.
   *
   * @param prompts expected number of conditional rows
   * @param query shape of the queries
   * @param key shape of the keys
   */
  static void check(
      ProfileGeometry geometry, int prompts, AttentionSite site, Shape query, Shape key) {
    String where = "layer " + site.layer() + " scale " + site.scale() + ": ";
    ScaleSchedule schedule = geometry.schedule();
    if (!site.schedule().equals(schedule)) {
      throw new IllegalArgumentException(
          where + "schedule " + schedule.maps() + " expected, got " + site.schedule().maps());
    }
    if (site.layer() < 0 || site.layer() >= geometry.layers()) {
      throw new IllegalArgumentException(
          where + "layer 0 to " + (geometry.layers() - 1) + " expected");
    }
    if (site.scale() < 0 || site.scale() >= geometry.scales()) {
      throw new IllegalArgumentException(
          where + "scale 0 to " + (geometry.scales() - 1) + " expected");
    }
    int conditional = site.conditionalRows();
    if (conditional != prompts) {
      throw new IllegalArgumentException(
          where + prompts + " conditional rows expected, got " + conditional);
    }
    long batch = query.get(0);
    if (batch != conditional && batch != 2L * conditional) {
      throw new IllegalArgumentException(
          where
              + "batch of "
              + conditional
              + " or, guided, "
              + 2 * conditional
              + " rows expected, got "
              + batch);
    }
    Shape wantedQuery =
        new Shape(batch, geometry.heads(), schedule.tokens(site.scale()), query.get(3));
    Shape wantedKey =
        new Shape(batch, geometry.heads(), schedule.tokensBefore(site.scale() + 1), query.get(3));
    if (!query.equals(wantedQuery)) {
      throw new IllegalArgumentException(
          where + "query " + wantedQuery + " expected, got " + query);
    }
    if (!key.equals(wantedKey)) {
      throw new IllegalArgumentException(
          where + "keys " + wantedKey + " expected (profiling reads the full cache), got " + key);
    }
  }
}
