package io.scalekv.scene;

import java.util.List;

/**
 * What a {@link Segmenter} saw in an image.
 *
 * @param background the background's colour
 * @param ground how the background is filled
 * @param objects what stands before it, the largest area first; any number, zero included
 */
public record SceneReading(Colour background, Ground ground, List<DetectedObject> objects) {
  /** Copies the list. */
  public SceneReading {
    objects = List.copyOf(objects);
  }
}
