package io.scalekv.scene;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.random.RandomGenerator;

/**
 * Renderer of scenes with anti-aliased signed-distance shapes. An object covers a pixel by {@code
 * clamp(0.5 - d)}, d being the signed distance of the pixel's centre in pixels.
 */
public final class SceneRenderer {
  /** Period of stripes and checks, as a part of the image's side. */
  public static final double TEXTURE_PERIOD = 0.16;

  private SceneRenderer() {}

  /**
   * Draws a scene with jitter. The jitter's draws do not depend on the side, so that the same
   * generator state gives the same picture at any resolution.
   *
   * @param jitter advanced by five numbers per object
   * @param side pixels in a row and in a column, at least 8
   * @throws IllegalArgumentException if the side is smaller
   */
  public static RgbImage render(Scene scene, RandomGenerator jitter, int side) {
    return render(scene, SceneLayout.of(scene, jitter), side);
  }

  /** Draws a scene whose objects have been placed. */
  public static RgbImage render(Scene scene, SceneLayout layout, int side) {
    Require.atLeast("side of the image", side, 8);
    float[] canvas = new float[3 * side * side];
    fillBackground(canvas, side, scene.ground(), scene.background());
    for (int i = 0; i < scene.objects().size(); i++) {
      drawObject(canvas, side, scene.objects().get(i), layout.objects().get(i));
    }
    byte[] rgb = new byte[canvas.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (int) (canvas[i] + 0.5f);
    }
    return RgbImage.of(side, side, rgb);
  }

  private static void fillBackground(float[] canvas, int side, Ground ground, Colour colour) {
    for (int y = 0, o = 0; y < side; y++) {
      float t = ground == Ground.GRADIENT ? (float) y / (side - 1) : 0;
      float red = colour.pure(0) + t * (colour.variant(0) - colour.pure(0));
      float green = colour.pure(1) + t * (colour.variant(1) - colour.pure(1));
      float blue = colour.pure(2) + t * (colour.variant(2) - colour.pure(2));
      for (int x = 0; x < side; x++) {
        canvas[o++] = red;
        canvas[o++] = green;
        canvas[o++] = blue;
      }
    }
  }

  private static void drawObject(
      float[] canvas, int side, SceneObject object, SceneLayout.Placed placed) {
    double reach = ShapeKind.EXTENT * placed.radius() + 1.0 / side;
    int left = Math.max(0, (int) Math.floor((placed.x() - reach) * side));
    int right = Math.min(side, (int) Math.ceil((placed.x() + reach) * side));
    int top = Math.max(0, (int) Math.floor((placed.y() - reach) * side));
    int bottom = Math.min(side, (int) Math.ceil((placed.y() + reach) * side));
    double pixel = 1.0 / side;
    double unit = 1 / placed.radius();
    double pixelsPerUnit = placed.radius() * side;
    ShapeKind shape = object.shape();
    Colour colour = object.colour();
    for (int y = top; y < bottom; y++) {
      double v = (y + 0.5) * pixel - placed.y();
      double rowWave = wave(v / TEXTURE_PERIOD + placed.phaseY(), side);
      int o = 3 * (y * side + left);
      for (int x = left; x < right; x++, o += 3) {
        double u = (x + 0.5) * pixel - placed.x();
        double coverage = 0.5 - shape.signedDistance(u * unit, v * unit) * pixelsPerUnit;
        if (coverage <= 0) {
          continue;
        }
        float alpha = (float) Math.min(1, coverage);
        float t =
            switch (object.texture()) {
              case SOLID -> 0;
              case STRIPED -> (float) (0.5 - 0.5 * rowWave);
              case CHECKERED ->
                  (float) (0.5 - 0.5 * rowWave * wave(u / TEXTURE_PERIOD + placed.phaseX(), side));
            };
        for (int c = 0; c < 3; c++) {
          float value = colour.pure(c) + t * (colour.variant(c) - colour.pure(c));
          canvas[o + c] += alpha * (value - canvas[o + c]);
        }
      }
    }
  }

  /**
   * Returns a square wave of period 1 between -1 and 1 whose edges are ramps one pixel wide: +1 in
   * the first half period, -1 in the second.
   */
  private static double wave(double periods, int side) {
    double fromCrest = periods - 0.25 - Math.rint(periods - 0.25);
    double pixelsInside = (0.25 - Math.abs(fromCrest)) * TEXTURE_PERIOD * side;
    return Math.max(-1, Math.min(1, 2 * pixelsInside));
  }
}
