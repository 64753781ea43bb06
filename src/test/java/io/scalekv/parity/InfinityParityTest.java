package io.scalekv.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.image.RgbImage;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.Schedules;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.infinity.InfinityConfig;
import io.scalekv.model.infinity.InfinityGenerator;
import io.scalekv.model.infinity.TextCondition;
import io.scalekv.model.text.TextEmbeddings;
import io.scalekv.model.vae.MultiScaleBsq;
import io.scalekv.model.vae.Vae;
import io.scalekv.model.vae.VaeConfig;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import io.scalekv.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** The transformer and its generation loop against the published definition, map by map. */
class InfinityParityTest {
  @TestFactory
  Stream<DynamicTest> transformer() {
    return ParityFiles.tests(
        n ->
            n.startsWith("infinity-")
                && !n.startsWith("infinity-patchify-")
                && !n.startsWith("infinity-scalekv-"),
        InfinityParityTest::check);
  }

  @TestFactory
  Stream<DynamicTest> patchify() {
    return ParityFiles.tests(n -> n.startsWith("infinity-patchify-"), InfinityParityTest::check);
  }

  static InfinityConfig config(TensorSource t) {
    JsonNode c = ParityFiles.json(t, "config");
    int width = c.get("embed_dim").asInt();
    return new InfinityConfig(
        c.get("depth").asInt(),
        width,
        c.get("num_heads").asInt(),
        InfinityConfig.ffnWidth(width, c.get("mlp_ratio").asDouble()),
        ParityFiles.json(t, "vae").get("codebook_dim").asInt(),
        c.get("apply_spatial_patchify").asInt() == 1,
        c.get("text_channels").asInt(),
        c.get("text_maxlen").asInt(),
        c.get("block_chunks").asInt());
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    InfinityConfig config = config(t);
    Infinity model = new Infinity(config, ParityFiles.weights(t, scope), Precision.FP32).packed();
    MultiScaleBsq bsq = new MultiScaleBsq(config.codeBits());
    ScaleSchedule schedule = ParityFiles.schedule(ParityFiles.json(t, "schedule"));
    TextEmbeddings text = ParityFiles.text(t, scope);
    double cfg = Double.parseDouble(t.metadata().get("cfg"));
    TextEmbeddings rows = cfg == 1 ? text : text.concat(model.unconditional(text));
    checkCondition(t, model, rows);

    Sampling options = new Sampling(cfg, 0, 0.97);
    double ratio = Double.parseDouble(t.metadata().get("h_div_w"));
    Comparison comparison = new Comparison(t, Double.parseDouble(t.metadata().get("tau")));
    NDArray summed =
        new InfinityGenerator(model, bsq, comparison)
            .generate(
                scope,
                text,
                null,
                schedule,
                Schedules.rotaryReference(ratio),
                options,
                CacheSettings.full(schedule, model.config().depth()),
                new long[text.count()],
                List.of(keysAndValues(t)),
                comparison);
    if (t.names().contains("out.image_u8_bgr")) {
      compareImage(file, t, summed, scope);
    }
  }

  private static void compareImage(Path file, TensorSource t, NDArray summed, NDManager scope) {
    VaeConfig config = ParityFiles.vaeConfig(ParityFiles.json(t, "vae"));
    try (TensorSource vaeFile = SafetensorsFile.open(ParityFiles.tokenizer(file, config))) {
      Weights weights = ParityFiles.weights(vaeFile, scope);
      Vae vae = new Vae(config, weights);
      RgbImage[] images = Pixels.toImages(vae.decode(summed)).toArray(RgbImage[]::new);
      VaeParityTest.assertImage(t, "out.image_u8_bgr", images);
    }
  }

  /** Compares every intermediate value with the file. */
  private record Comparison(TensorSource t, double tau)
      implements GenerationListener, GenerationTrace {
    @Override
    public void blockInput(int scale, NDArray x) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".block_input", x, 5e-5);
    }

    @Override
    public void blockOutput(int scale, int layer, NDArray x) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".block" + layer + "_output", x, 1e-4);
    }

    @Override
    public void logits(int scale, NDArray logits) {
      // the generation takes the likelier bit, which leaves the temperature out
      ParityFiles.assertClose(t, "out.scale" + scale + ".logits", logits.div(tau), 1e-4);
    }

    @Override
    public void codes(int scale, NDArray bits) {
      ParityFiles.assertSame(t, "out.scale" + scale + ".bits", bits);
    }

    @Override
    public void summed(int scale, NDArray codes) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".summed_codes", codes, 1e-6);
    }

    @Override
    public void nextInput(int scale, NDArray codes) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".next_input_codes", codes, 1e-6);
    }
  }

  /** Compares keys and values of all maps, as the last scale reads them. */
  private static AttentionTap keysAndValues(TensorSource t) {
    return (site, query, key, value) -> {
      if (site.scale() == site.schedule().scales() - 1) {
        ParityFiles.assertClose(t, "out.cache_k.layer" + site.layer(), key, 1e-5);
        ParityFiles.assertClose(t, "out.cache_v.layer" + site.layer(), value, 5e-5);
      }
    };
  }

  /** The text side, which is not visible to a listener. */
  private static void checkCondition(TensorSource t, Infinity model, TextEmbeddings rows) {
    TextCondition s = model.condition(rows);
    ParityFiles.assertClose(t, "out.cond_BD", s.pooled(), 1e-5);
    ParityFiles.assertClose(t, "out.cond_gss", s.modulation().shared(), 1e-5);
    float[] expected = t.floats("out.ca_kv");
    int width = model.config().width();
    int at = 0;
    for (int b = 0; b < rows.count(); b++) {
      NDArray row = s.projected().get(new NDIndex("{},0:{}", b, rows.lengths()[b]));
      for (float got : row.toFloatArray()) {
        float want = expected[at++];
        if (!(Math.abs(want - got) <= 1e-5)) {
          throw new AssertionError("out.ca_kv: " + want + " expected, got " + got);
        }
      }
    }
    if (at != expected.length) {
      throw new AssertionError("out.ca_kv: " + expected.length / width + " rows expected");
    }
  }
}
