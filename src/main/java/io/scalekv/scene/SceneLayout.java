package io.scalekv.scene;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Layout of the objects of a scene in relative coordinates (0 to 1, rightwards and downwards),
 * independent of the resolution.
 *
 * @param objects one per object of the scene, in its order
 */
public record SceneLayout(List<Placed> objects) {
  /** Centre of the left or upper object of a pair along the axis; the other is its mirror. */
  private static final double PAIR_NEAR = 0.26;

  private static final double ALONG = 0.02;
  private static final double ACROSS = 0.04;
  private static final double RADIUS = 0.04;

  /** The least gap between two objects along their axis. */
  private static final double GAP = 0.045;

  /** Largest part of the side by which an object may leave the frame. */
  private static final double OVERHANG = 0.012;

  /**
   * Geometry of one object.
   *
   * @param x column of the centre, 0 to 1
   * @param y row of the centre, 0 to 1
   * @param radius part of the image's side
   * @param phaseX horizontal phase of the texture, 0 to 1 periods
   * @param phaseY vertical phase of the texture, 0 to 1 periods
   */
  public record Placed(double x, double y, double radius, double phaseX, double phaseY) {}

  /** Copies the list. */
  public SceneLayout {
    objects = List.copyOf(objects);
  }

  /**
   * Places the objects with jitter: centres by at most 0.02 along the axis that the place or
   * relation is about and 0.04 across it (0.03 both ways at the center), radii by at most 4 %, any
   * phase. Two objects that would come closer than 0.045 are moved apart. Draws five numbers per
   * object.
   */
  public static SceneLayout of(Scene scene, RandomGenerator jitter) {
    List<Placed> placed = new ArrayList<>();
    if (scene.arrangement() instanceof Place place) {
      boolean center = place == Place.CENTER;
      boolean horizontal = place == Place.LEFT || place == Place.RIGHT;
      double dx = center ? 0.03 : horizontal ? ALONG : ACROSS;
      double dy = center ? 0.03 : horizontal ? ACROSS : ALONG;
      placed.add(
          new Placed(
              place.x() + symmetric(jitter, dx),
              place.y() + symmetric(jitter, dy),
              radius(scene.objects().get(0), jitter),
              jitter.nextDouble(),
              jitter.nextDouble()));
      return new SceneLayout(placed);
    }
    Relation relation = (Relation) scene.arrangement();
    double[] along = new double[2];
    double[] across = new double[2];
    double[] radius = new double[2];
    double[] phases = new double[4];
    int near = relation.sign() < 0 ? 0 : 1;
    for (int i = 0; i < 2; i++) {
      along[i] = (i == near ? PAIR_NEAR : 1 - PAIR_NEAR) + symmetric(jitter, ALONG);
      across[i] = 0.5 + symmetric(jitter, ACROSS);
      radius[i] = radius(scene.objects().get(i), jitter);
      phases[2 * i] = jitter.nextDouble();
      phases[2 * i + 1] = jitter.nextDouble();
    }
    separate(along, radius, near, 1 - near);
    for (int i = 0; i < 2; i++) {
      placed.add(
          new Placed(
              relation.horizontal() ? along[i] : across[i],
              relation.horizontal() ? across[i] : along[i],
              radius[i],
              phases[2 * i],
              phases[2 * i + 1]));
    }
    return new SceneLayout(placed);
  }

  /** Moves the pair into the frame, then apart as far as the frame allows. */
  private static void separate(double[] along, double[] radius, int near, int far) {
    double nearExtent = ShapeKind.EXTENT * radius[near];
    double farExtent = ShapeKind.EXTENT * radius[far];
    double least = nearExtent - OVERHANG;
    double most = 1 - farExtent + OVERHANG;
    along[near] = Math.max(along[near], least);
    along[far] = Math.min(along[far], most);
    double missing = nearExtent + farExtent + GAP - (along[far] - along[near]);
    if (missing > 0) {
      double room = along[near] - least;
      double otherRoom = most - along[far];
      double share = Math.min(room, Math.max(missing / 2, missing - otherRoom));
      along[near] -= share;
      along[far] += Math.min(otherRoom, missing - share);
    }
  }

  private static double radius(SceneObject object, RandomGenerator jitter) {
    return object.size().radius() * (1 + symmetric(jitter, RADIUS));
  }

  private static double symmetric(RandomGenerator jitter, double most) {
    return (2 * jitter.nextDouble() - 1) * most;
  }
}
