package io.scalekv.scene;

import java.util.List;

/**
 * Scene that a {@link Segmenter} reads from an image.
 *
 * @param background the background's colour
 * @param ground how the background is filled
 * @param objects detected objects, the largest area first; may be empty
 */
public record SceneReading(Colour background, Ground ground, List<DetectedObject> objects) {
  /** Copies the list. */
  public SceneReading {
    objects = List.copyOf(objects);
  }
}
