package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.Pixels;
import io.scalekv.model.Precision;
import io.scalekv.model.Sampling;
import io.scalekv.model.attention.GenerationTrace;
import io.scalekv.model.attention.SelfAttention;
import io.scalekv.model.vae.MultiScaleQuantiser;
import io.scalekv.model.var.MultiScaleVq;
import io.scalekv.model.var.Var;
import io.scalekv.model.var.VarCondition;
import io.scalekv.model.var.VarConfig;
import io.scalekv.model.var.VarGenerator;
import io.scalekv.model.var.VarWeights;
import io.scalekv.model.var.VqVae;
import io.scalekv.tensor.TorchOps;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/** VAR's transformer and its generation loop against the published definition, map by map. */
class VarParityTest {
  @TestFactory
  Stream<DynamicTest> transformer() {
    return ParityFiles.tests(n -> n.startsWith("var-"), VarParityTest::check);
  }

  static VarConfig config(TensorSource t) {
    JsonNode c = ParityFiles.json(t, "config");
    JsonNode vae = ParityFiles.json(t, "vae");
    List<Integer> sides = new ArrayList<>();
    c.get("patch_nums").forEach(n -> sides.add(n.asInt()));
    int width = c.get("embed_dim").asInt();
    return new VarConfig(
        c.get("depth").asInt(),
        width,
        c.get("num_heads").asInt(),
        width * c.get("mlp_ratio").asInt(),
        c.get("num_classes").asInt(),
        vae.get("vocab_size").asInt(),
        vae.get("z_channels").asInt(),
        sides,
        c.get("shared_aln").asBoolean());
  }

  private static void check(Path file, TensorSource t, NDManager scope) {
    VarConfig config = config(t);
    checkNames(t, config);
    for (boolean packed : new boolean[] {false, true}) {
      try (NDManager inner = scope.newSubManager()) {
        Var model = new Var(config, ParityFiles.weights(t, inner), Precision.FP32);
        check(file, t, inner, packed ? model.packed() : model, packed);
      }
    }
  }

  private static void check(Path file, TensorSource t, NDManager scope, Var model, boolean images) {
    ScaleSchedule schedule = model.config().schedule();
    assertEquals(ParityFiles.schedule(ParityFiles.json(t, "schedule")), schedule);
    Path tokenizer = file.resolveSibling(t.metadata().get("vae_file"));
    if (!Files.exists(tokenizer)) {
      tokenizer = ParityFiles.resources().resolve(t.metadata().get("vae_file"));
    }
    try (TensorSource vaeFile = SafetensorsFile.open(tokenizer)) {
      VqVae vae =
          new VqVae(
              VqVaeParityTest.config(ParityFiles.json(vaeFile, "config")),
              ParityFiles.weights(vaeFile, scope));
      long[] labels = labels(t, "in.labels");
      checkCondition(t, scope, model, labels);
      Comparison comparison = new Comparison(t);
      NDArray features =
          new VarGenerator(model, vae.quantiser(), comparison)
              .generate(
                  scope,
                  labels,
                  Sampling.ofCodes(Double.parseDouble(t.metadata().get("cfg")), 1, 0, false),
                  CacheSettings.full(schedule, model.config().depth()),
                  new long[labels.length],
                  List.of(keysAndValues(t)),
                  GenerationListener.NONE);
      checkForced(t, scope, model, vae.quantiser());
      checkEps(t, scope, model, labels);
      if (images) {
        VqVaeParityTest.assertImage(t, "out.image_u8_rgb", Pixels.toImages(vae.decode(features)));
      }
    }
  }

  private static void checkNames(TensorSource t, VarConfig config) {
    List<String> names = new ArrayList<>(VarWeights.shapes(config).keySet());
    names.addAll(VarWeights.buffers(config).keySet());
    assertEquals(
        names.stream().sorted().toList(),
        t.names().stream()
            .filter(n -> n.startsWith("weights."))
            .map(n -> n.substring("weights.".length()))
            .sorted()
            .toList());
  }

  private static long[] labels(TensorSource t, String name) {
    return Arrays.stream(t.ints(name)).asLongStream().toArray();
  }

  /** The labels, then as many of no class. */
  private static VarCondition rows(NDManager scope, Var model, long... labels) {
    long[] rows = Arrays.copyOf(labels, 2 * labels.length);
    Arrays.fill(rows, labels.length, rows.length, model.config().classes());
    return model.condition(scope, rows);
  }

  private static void checkCondition(TensorSource t, NDManager scope, Var model, long... labels) {
    VarCondition c = rows(scope, model, labels);
    ParityFiles.assertClose(t, "out.cond", c.rows(), 1e-5);
    ParityFiles.assertClose(t, "out.lvl_pos", model.positions(scope), 1e-5);
    if (model.config().sharedAda()) {
      ParityFiles.assertClose(t, "out.shared_ada", c.modulation().shared(), 1e-5);
    } else {
      NDList six = new NDList();
      c.modulation().layers().get(1).forEach(m -> six.add(m.expandDims(2)));
      ParityFiles.assertClose(t, "out.block1_ada", NDArrays.concat(six, 2), 1e-5);
    }
  }

  /** Compares every intermediate value that the file has. */
  private record Comparison(TensorSource t) implements GenerationTrace {
    private void close(String name, NDArray got, double limit) {
      if (t.names().contains(name)) {
        ParityFiles.assertClose(t, name, got, limit);
      }
    }

    @Override
    public void blockInput(int scale, NDArray x) {
      close("out.scale" + scale + ".block_input", x, 2e-5);
    }

    @Override
    public void blockOutput(int scale, int layer, NDArray x) {
      close("out.scale" + scale + ".block" + layer + "_output", x, 1e-4);
    }

    @Override
    public void rowLogits(int scale, NDArray logits) {
      close("out.scale" + scale + ".logits_raw", logits, 1e-4);
    }

    @Override
    public void logits(int scale, NDArray logits) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".logits", logits, 4e-4);
    }

    @Override
    public void indices(int scale, int... indices) {
      assertArrayEquals(t.ints("out.scale" + scale + ".indices"), indices, "scale " + scale);
    }

    @Override
    public void summed(int scale, NDArray features) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".f_hat", features, 5e-6);
    }

    @Override
    public void nextInput(int scale, NDArray codes) {
      ParityFiles.assertClose(t, "out.scale" + scale + ".next_input_codes", codes, 5e-6);
    }
  }

  /** Compares keys and values of all maps, as the last scale reads them. */
  private static AttentionTap keysAndValues(TensorSource t) {
    return (site, query, key, value) -> {
      if (site.scale() == site.schedule().scales() - 1) {
        ParityFiles.assertClose(t, "out.cache_k.layer" + site.layer(), key, 2e-5);
        ParityFiles.assertClose(t, "out.cache_v.layer" + site.layer(), value, 5e-5);
      }
    };
  }

  /** The masked pass over given codes. */
  private static void checkForced(TensorSource t, NDManager scope, Var model, MultiScaleVq vq) {
    ScaleSchedule schedule = model.config().schedule();
    long[] labels = labels(t, "in.tf.labels");
    long[] all = labels(t, "in.tf.indices");
    NDArray indices = scope.create(all, new Shape(labels.length, schedule.totalTokens()));
    NDArray summed = null;
    NDList inputs = new NDList();
    for (int k = 0; k < schedule.scales() - 1; k++) {
      NDArray own =
          indices.get(
              new NDIndex(":,{}:{}", schedule.tokensBefore(k), schedule.tokensBefore(k + 1)));
      NDArray added = vq.enlarge(vq.codes(own, schedule.map(k)), k, schedule);
      summed = summed == null ? added : summed.add(added);
      inputs.add(MultiScaleQuantiser.toTokens(vq.input(summed, k + 1, schedule)));
    }
    NDArray input = NDArrays.concat(inputs, 1);
    ParityFiles.assertClose(t, "out.tf.var_input", input, 5e-6);
    NDArray logits = model.logitsOf(input, model.condition(scope, labels));
    int first = tokens(t, "out.tf.logits");
    int last = tokens(t, "out.tf.logits_last");
    int history = schedule.historyTokens();
    ParityFiles.assertClose(t, "out.tf.logits", logits.get(new NDIndex(":,0:{}", first)), 1e-4);
    ParityFiles.assertClose(
        t, "out.tf.logits_last", logits.get(new NDIndex(":,{}:{}", history, history + last)), 1e-4);
  }

  private static int tokens(TensorSource t, String name) {
    return (int) t.info(name).shape()[1];
  }

  /** Small rows, which show the eps of the layer norms. */
  private static void checkEps(TensorSource t, NDManager scope, Var model, long... labels) {
    VarCondition condition = rows(scope, model, labels);
    SelfAttention alone = (layer, q, k, v, projected) -> TorchOps.call("sdpa_unit", q, k, v);
    NDArray probe = t.load("in.eps_probe", scope);
    ParityFiles.assertClose(t, "out.eps_probe.logits_raw", model.logits(probe, condition), 5e-5);
    NDArray out = model.block(0, t.load("in.eps_probe", scope), condition, alone);
    ParityFiles.assertClose(t, "out.eps_probe.block0_output", out, 5e-5);
  }
}
