package io.scalekv.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/** Recorder of the token bits of the last generation. */
public final class BitRecorder implements GenerationListener {
  private final List<List<boolean[]>> images = new ArrayList<>();

  @Override
  public void codes(int scale, NDArray bits) {
    Shape shape = bits.getShape();
    int batch = (int) shape.get(0);
    int perImage = (int) (shape.get(1) * shape.get(2));
    if (scale == 0) {
      images.clear();
      for (int b = 0; b < batch; b++) {
        images.add(new ArrayList<>());
      }
    }
    float[] values = bits.toFloatArray();
    for (int b = 0; b < batch; b++) {
      boolean[] own = new boolean[perImage];
      for (int i = 0; i < perImage; i++) {
        own[i] = values[b * perImage + i] > 0;
      }
      images.get(b).add(own);
    }
  }

  /** Returns [image][scale], each the L·d bits of a scale, token by token. */
  public List<List<boolean[]>> images() {
    return images.stream().map(List::copyOf).toList();
  }
}
