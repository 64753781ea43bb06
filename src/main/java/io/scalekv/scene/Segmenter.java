package io.scalekv.scene;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Segmenter of an image into a scene of the language: background first, then the regions that
 * differ from it, split by colour, then the shape of each region by template. It tolerates the blur
 * and noise of generated images.
 */
public final class Segmenter {
  /** Regions below this part of the image are no objects; the smallest object covers 0.047. */
  private static final double LEAST_AREA = 0.012;

  /** Half of the least distance between two colours' shades: nearer pixels are background. */
  private static final double LEAST_DISTANCE = 36;

  /** A colour with less than this part of a region's votes is a blend, not an object. */
  private static final double LEAST_COLOUR_PART = 0.2;

  /** A region with less interior than this is the blurred outline of an object. */
  private static final double LEAST_INTERIOR = 0.15;

  private static final double SIZE_BORDER =
      Math.sqrt(ObjectSize.SMALL.radius() * ObjectSize.LARGE.radius());

  private Segmenter() {}

  /**
   * Reads an image.
   *
   * @throws IllegalArgumentException if it is not square or its side is below 16 pixels
   */
  public static SceneReading read(RgbImage image) {
    Require.that(
        image.width() == image.height() && image.width() >= 16,
        "image must be square with sides of at least 16 pixels, got %dx%d",
        image.width(),
        image.height());
    PixelGrid grid = PixelGrid.of(image);
    BackgroundFit background = BackgroundFit.of(grid);
    int least = Math.max(4, (int) Math.round(LEAST_AREA * grid.pixels()));
    boolean[] differs = new boolean[grid.pixels()];
    for (int i = 0; i < differs.length; i++) {
      differs[i] = background.distance(grid, i) > LEAST_DISTANCE;
    }
    List<DetectedObject> objects = new ArrayList<>();
    for (int[] region : Regions.connected(differs, grid.side(), least)) {
      List<Colour> colours = colours(grid, region, background.colour(), least);
      for (Colour colour : colours) {
        boolean[] core = core(grid, background, region, colour, colours);
        for (int[] pixels : Regions.connected(core, grid.side(), least)) {
          if (Regions.strictInterior(pixels, grid.side()).length
              >= LEAST_INTERIOR * pixels.length) {
            objects.add(describe(grid, pixels, colour));
          }
        }
      }
    }
    objects.sort(Comparator.comparingDouble(DetectedObject::area).reversed());
    return new SceneReading(background.colour(), background.ground(), objects);
  }

  /**
   * Returns the colours of a region, the most frequent first. A pixel votes for its nearest colour
   * if its eight neighbours are of that colour too, which leaves out the blends along an outline.
   */
  private static List<Colour> colours(PixelGrid grid, int[] region, Colour background, int least) {
    Map<Colour, List<Integer>> byColour = new EnumMap<>(Colour.class);
    for (int i : region) {
      byColour.computeIfAbsent(nearest(grid, i, background), c -> new ArrayList<>()).add(i);
    }
    Map<Colour, Integer> votes = new EnumMap<>(Colour.class);
    int all = 0;
    for (Map.Entry<Colour, List<Integer>> entry : byColour.entrySet()) {
      int[] own = entry.getValue().stream().mapToInt(Integer::intValue).toArray();
      int inner = Regions.strictInterior(own, grid.side()).length;
      votes.put(entry.getKey(), inner);
      all += inner;
    }
    if (all == 0) {
      byColour.forEach((colour, own) -> votes.put(colour, own.size()));
    }
    List<Colour> colours = new ArrayList<>(votes.keySet());
    colours.sort(Comparator.comparing(votes::get).reversed());
    double enough = Math.max(LEAST_COLOUR_PART * all, 0.5 * least);
    List<Colour> kept = new ArrayList<>(colours.subList(0, 1));
    for (Colour colour : colours.subList(1, colours.size())) {
      if (votes.get(colour) >= enough) {
        kept.add(colour);
      }
    }
    return kept;
  }

  private static Colour nearest(PixelGrid grid, int i, Colour except) {
    Colour best = null;
    double bestDistance = Double.POSITIVE_INFINITY;
    for (Colour colour : Colour.values()) {
      double distance = grid.squaredDistance(i, colour);
      if (colour != except && distance < bestDistance) {
        best = colour;
        bestDistance = distance;
      }
    }
    return best;
  }

  /**
   * Returns the pixels of a region and colour that are nearer to the object than to the background:
   * their distance to the background is at least half the lower quartile of the inner pixels.
   */
  private static boolean[] core(
      PixelGrid grid, BackgroundFit background, int[] region, Colour colour, List<Colour> rivals) {
    int[] own = new int[region.length];
    int size = 0;
    for (int i : region) {
      boolean nearest = true;
      double distance = grid.squaredDistance(i, colour);
      for (Colour rival : rivals) {
        nearest &= distance <= grid.squaredDistance(i, rival);
      }
      if (nearest) {
        own[size++] = i;
      }
    }
    own = Arrays.copyOf(own, size);
    int[] inner = Regions.interior(own, grid.side());
    double[] distances = new double[inner.length];
    for (int k = 0; k < inner.length; k++) {
      distances[k] = background.distance(grid, inner[k]);
    }
    Arrays.sort(distances);
    double cut = distances.length == 0 ? 0 : 0.5 * distances[distances.length / 4];
    boolean[] core = new boolean[grid.pixels()];
    for (int i : own) {
      core[i] = background.distance(grid, i) >= cut;
    }
    return core;
  }

  private static DetectedObject describe(PixelGrid grid, int[] pixels, Colour colour) {
    ShapeFit fit = ShapeFit.of(pixels, grid.side());
    int[] inner = Regions.interior(Regions.interior(pixels, grid.side()), grid.side());
    return new DetectedObject(
        colour,
        fit.shape(),
        fit.radius() < SIZE_BORDER ? ObjectSize.SMALL : ObjectSize.LARGE,
        TextureFit.of(grid, inner, colour),
        fit.x(),
        fit.y(),
        fit.radius(),
        (double) pixels.length / grid.pixels());
  }
}
