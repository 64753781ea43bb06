package io.scalekv.profile;

import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;

/** Check that attention belongs to the measured model and reads the full cache. */
final class SiteCheck {
  private SiteCheck() {}

  /**
   * Checks one call.
   *
   * @param prompts number of conditional rows of the measured model
   * @param query shape of the queries
   * @param key shape of the keys
   */
  static void check(
      ProfileGeometry geometry, int prompts, AttentionSite site, Shape query, Shape key) {
    String where = "layer " + site.layer() + " scale " + (site.scale() + 1);
    ScaleSchedule schedule = geometry.schedule();
    Require.that(
        site.schedule().equals(schedule),
        "%s: schedule must be %s, got %s",
        where,
        schedule.maps(),
        site.schedule().maps());
    Require.between("layer", site.layer(), 0, geometry.layers() - 1);
    Require.between("scale", site.scale() + 1, 1, geometry.scales());
    int conditional = site.conditionalRows();
    Require.that(
        conditional == prompts, "%s: prompts must be %d, got %d", where, prompts, conditional);
    long batch = query.get(0);
    Require.that(
        batch == conditional || batch == 2L * conditional,
        "%s: batch rows must be %d or, guided, %d, got %d",
        where,
        conditional,
        2 * conditional,
        batch);
    Shape wantedQuery = new Shape(batch, geometry.heads(), site.queries(), query.get(3));
    Shape wantedKey =
        new Shape(batch, geometry.heads(), schedule.tokensBefore(site.scale() + 1), query.get(3));
    Require.that(
        query.equals(wantedQuery), "%s: queries must be %s, got %s", where, wantedQuery, query);
    Require.that(
        key.equals(wantedKey),
        "%s: keys of the full cache must be %s, got %s",
        where,
        wantedKey,
        key);
  }
}
