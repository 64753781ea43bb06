package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.model.text.T5Config;
import io.scalekv.model.text.T5Encoder;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The text encoder against the Hugging Face library. */
class T5ParityTest {
  private static final double LIMIT = 2e-5;

  @TestFactory
  Stream<DynamicTest> encoder() {
    return ParityFiles.tests(n -> n.startsWith("t5-"), T5ParityTest::check);
  }

  private static T5Config config(TensorSource t) {
    Path file = null;
    try {
      file = Files.createTempFile("t5", ".json");
      Files.write(file, t.metadata().get("config").getBytes(StandardCharsets.UTF_8));
      return T5Config.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (file != null) {
        file.toFile().delete();
      }
    }
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    T5Config config = config(t);
    Weights weights = ParityFiles.weights(t, scope);
    T5Encoder encoder = new T5Encoder(config, weights);
    T5Encoder.shapes(config)
        .forEach((name, shape) -> assertEquals(shape, weights.get(name).getShape(), name));

    int tokens = (int) t.info("out.relative_buckets").shape()[0];
    assertArrayEquals(
        t.ints("out.relative_buckets"), T5Encoder.relativeBuckets(config, tokens), "buckets");
    ParityFiles.assertClose(t, "out.position_bias", encoder.positionBias(scope, tokens), 0);

    int[] ids = t.ints("in.input_ids");
    int[] lengths = t.ints("out.lens");
    int[] mask = t.ints("in.attention_mask");
    float[] hidden = t.floats("out.last_hidden_state");
    float[] packed = t.floats("out.kv_compact");
    int width = config.width();
    int at = 0;
    for (int b = 0; b < lengths.length; b++) {
      int from = b * tokens;
      assertEquals(lengths[b], IntStream.range(0, tokens).map(i -> mask[from + i]).sum());
      NDArray got = encoder.encode(scope, Arrays.copyOfRange(ids, from, from + lengths[b]));
      float[] rows = got.toFloatArray();
      assertEquals(lengths[b] * width, rows.length);
      float[] padded = Arrays.copyOfRange(hidden, from * width, (from + lengths[b]) * width);
      assertArrayEquals(padded, rows, (float) LIMIT, "text " + b);
      float[] compact = Arrays.copyOfRange(packed, at * width, (at + lengths[b]) * width);
      assertArrayEquals(compact, rows, (float) LIMIT, "packed text " + b);
      at += lengths[b];
      // a text cut short is another text: its last row sees less
      NDArray less = encoder.encode(scope, Arrays.copyOfRange(ids, from, from + 5));
      NDArray same = got.get(new NDIndex("0:5"));
      double change = less.sub(same).abs().max().toFloatArray()[0];
      assertEquals(true, change > 100 * LIMIT, "change " + change);
    }
  }
}
