package io.scalekv.model.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.scene.Vocabulary;
import io.scalekv.weights.Weights;
import java.util.List;
import org.junit.jupiter.api.Test;

class WordEmbedderTest {
  @Test
  void wordPlusPosition() {
    try (NDManager m = NDManager.newBaseManager("PyTorch");
        Weights w = new Weights(m)) {
      WordEmbedder.shapes(8).forEach((name, shape) -> w.putNormal(name, shape, 1));
      WordEmbedder embedder = new WordEmbedder(w);
      List<String> captions =
          List.of(
              "a large solid red circle at left on a plain blue background",
              "a small solid red ring above a small solid blue ring on a plain white background");
      TextEmbeddings t = embedder.encode(m, captions);
      int longest = Vocabulary.encode(captions.get(1)).length;
      assertArrayEquals(
          new int[] {Vocabulary.encode(captions.get(0)).length, longest}, t.lengths());
      assertEquals(new Shape(2, longest, 8), t.padded().getShape());
      float[] words = w.get("text_words.weight").toFloatArray();
      float[] places = w.get("text_positions.weight").toFloatArray();
      float[] got = t.padded().toFloatArray();
      for (int b = 0; b < 2; b++) {
        int[] ids = Vocabulary.encode(captions.get(b));
        for (int i = 0; i < ids.length * 8; i++) {
          int token = i / 8;
          float expected = words[ids[token] * 8 + i % 8] + places[i];
          assertEquals(expected, got[b * longest * 8 + i]);
        }
      }
      assertThrows(
          IllegalArgumentException.class, () -> embedder.encode(m, List.of("a purpel ring")));
    }
  }
}
