package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDManager;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.Schedules;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityGenerator;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.profile.trace.TraceManifest;
import io.scalekv.profile.trace.TraceWriter;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attention of the model recorded here against the recording of the published PyTorch definition
 * with the same weights and texts, {@code trace-infinity-tiny}, tensor by tensor.
 */
final class RecordingParityTest {
  @TempDir Path folder;

  @Test
  void queriesKeysAndValues() throws IOException {
    Path golden = ParityFiles.folder().resolve("trace-infinity-tiny");
    TraceManifest manifest = RecordedAttention.open(golden).manifest();
    TraceWriter writer = TraceWriter.open(folder, manifest.recording(), "2.7.1");
    try (NDManager scope = NDManager.newBaseManager("PyTorch");
        TensorSource t =
            SafetensorsFile.open(ParityFiles.folder().resolve("infinity-tiny.safetensors"));
        TraceWriter.Generation generation = writer.record(manifest.prompts())) {
      Infinity model =
          new Infinity(InfinityParityTest.config(t), ParityFiles.weights(t, scope), Precision.FP32)
              .packed();
      ScaleSchedule schedule = manifest.recording().schedule();
      TextEmbeddings text = ParityFiles.text(t, scope);
      double cfg = Double.parseDouble(t.metadata().get("cfg"));
      double ratio = Double.parseDouble(t.metadata().get("h_div_w"));
      new InfinityGenerator(model, new MultiScaleBsq(model.config().codeBits()))
          .generate(
              scope,
              text,
              null,
              schedule,
              Schedules.rotaryReference(ratio),
              new Sampling(cfg, 0, 0.97),
              CacheSettings.full(schedule, model.config().depth()),
              new long[text.count()],
              List.of(generation),
              GenerationListener.NONE);
      generation.finish();
    }
    for (TraceManifest.Prompt p : manifest.prompts()) {
      compare(golden.resolve(p.file()), folder.resolve(p.file()));
    }
  }

  private static void compare(Path golden, Path written) {
    try (TensorSource a = SafetensorsFile.open(golden);
        TensorSource b = SafetensorsFile.open(written)) {
      assertEquals(new HashSet<>(a.names()), new HashSet<>(b.names()));
      for (String name : a.names()) {
        if (name.endsWith(".rows")) {
          continue;
        }
        assertArrayEquals(a.info(name).shape(), b.info(name).shape(), name);
        Map<Integer, float[]> x = rows(a, name);
        Map<Integer, float[]> y = rows(b, name);
        assertEquals(x.keySet(), y.keySet(), name);
        x.forEach((row, values) -> assertArrayEquals(values, y.get(row), 5e-5f, name));
      }
    }
  }

  /** Returns the vectors of a tensor [H,n,D] by head and position, whatever their order. */
  private static Map<Integer, float[]> rows(TensorSource t, String name) {
    int n = (int) t.info(name).shape()[1];
    int width = (int) t.info(name).shape()[2];
    float[] values = t.floats(name);
    String[] place = name.split("\\.");
    int[] positions = name.endsWith(".q") ? t.ints(place[0] + "." + place[1] + ".rows") : null;
    Map<Integer, float[]> rows = new TreeMap<>();
    for (int i = 0; i < values.length / width; i++) {
      int position = positions == null ? i % n : positions[i % n];
      rows.put(i / n * 10_000 + position, Arrays.copyOfRange(values, i * width, (i + 1) * width));
    }
    return rows;
  }
}
