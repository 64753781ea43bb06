package io.scalekv.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.BlockMassTap;
import io.scalekv.profile.Branch;
import io.scalekv.profile.HeadStatistic;
import io.scalekv.profile.Measurements;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.PromptTap;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.profile.trace.TraceRecording;
import io.scalekv.roles.HeatKvOrders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Recordings of the published PyTorch definitions, the golden folders {@code trace-*}: statistics,
 * masses by source map, orders of heads and output norms of {@code expected.json}, computed in
 * float64 from the files. Statistics-form folders are compared with the values of the folder whose
 * name they begin with.
 */
final class TraceParityTest {
  private static final double TOLERANCE = 1e-6;

  @TestFactory
  Stream<DynamicTest> folders() throws IOException {
    try (Stream<Path> list = Files.list(ParityFiles.folder())) {
      List<Path> folders =
          list.filter(p -> Files.isRegularFile(p.resolve("trace.json"))).sorted().toList();
      return folders.stream().map(f -> DynamicTest.dynamicTest(name(f), () -> check(f)));
    }
  }

  private static String name(Path folder) {
    return folder.getFileName().toString();
  }

  private static void check(Path folder) throws IOException {
    RecordedAttention source = RecordedAttention.open(folder);
    Path tensors = folder.resolveSibling(name(folder).replace("-statistics", ""));
    JsonNode expected =
        JsonMapper.shared().readTree(Files.readString(tensors.resolve("expected.json")));
    boolean both = source.manifest().recording().branches() == TraceRecording.Branches.BOTH;
    AttentionProfile profile = source.statistics().orElseGet(() -> profile(source));
    int protectedMaps = expected.get("protectedMaps").asInt();
    checkStatistics(profile, Branch.CONDITIONAL, expected.get("cond"), protectedMaps);
    if (both) {
      checkStatistics(profile, Branch.UNCONDITIONAL, expected.get("uncond"), protectedMaps);
    }
    if (source.statistics().isEmpty()) {
      checkOrders(source, expected.get("cond"), protectedMaps);
      checkOutputs(source, expected.get("cond"), 0);
      if (both) {
        checkOutputs(source, expected.get("uncond"), 1);
      }
    }
  }

  private static int[] images(AttentionSource source) {
    return IntStream.range(0, source.images()).toArray();
  }

  private static AttentionProfile profile(AttentionSource source) {
    ProfileOptions options = ProfileOptions.defaults().withQuerySamples(ProfileOptions.ALL - 1);
    return Measurements.of(source, options, Map.of(), 1, done -> {}, images(source)).profile();
  }

  private static void checkStatistics(
      AttentionProfile p, Branch b, JsonNode expected, int protectedMaps) {
    int averaged = p.geometry().heads();
    int scales = p.geometry().scales();
    for (int l = 0; l < p.geometry().layers(); l++) {
      for (int k = 0; k < scales; k++) {
        String place = b + " layer " + l + " scale " + (k + 1) + " ";
        double mass = p.moments(b, HeadStatistic.CURRENT_MASS, l, k).mean();
        double top = p.moments(b, HeadStatistic.HISTORY_TOP_K, l, k).mean();
        double topAveraged = p.moments(b, HeadStatistic.HISTORY_TOP_K, l, k, averaged).mean();
        double entropy = p.moments(b, HeadStatistic.ENTROPY, l, k).mean();
        same(place, expected, "currentMass", l, k, mass);
        same(place, expected, "historyTopK", l, k, top);
        same(place, expected, "entropy", l, k, entropy);
        same(place, expected, "asi", l, k, mass * top);
        same(place, expected, "asiAveraged", l, k, mass * topAveraged);
        for (int h = 0; h < averaged; h++) {
          for (int s = 0; s < scales; s++) {
            double share = p.sourceMass(b, l, k, h, s).mean();
            double wanted = expected.get("sourceMass").get(l).get(k).get(h).get(s).asDouble();
            assertEquals(wanted, share, TOLERANCE, place + "head " + h + " source " + s);
          }
        }
      }
    }
    for (int l = 0; l < p.geometry().layers(); l++) {
      for (int h = 0; h < averaged; h++) {
        for (int s = protectedMaps; s < scales - 1; s++) {
          double sum = 0;
          for (int t = s + 1; t < scales; t++) {
            sum += p.sourceMass(b, l, t, h, s).mean();
          }
          double wanted = expected.get("scas").get(l).get(h).get(s).asDouble();
          assertEquals(wanted, sum / (scales - 1 - s), TOLERANCE, b + " S-CAS " + l + " " + h);
        }
      }
    }
  }

  private static void same(
      String place, JsonNode expected, String name, int layer, int scale, double value) {
    JsonNode wanted = expected.get(name).get(layer).get(scale);
    assertEquals(wanted.isNull() ? Double.NaN : wanted.asDouble(), value, TOLERANCE, place + name);
  }

  private static void checkOrders(AttentionSource source, JsonNode expected, int protectedMaps) {
    PromptTap[] taps = new PromptTap[source.images()];
    source.replay(
        images(source),
        1,
        some -> {
          taps[some[0]] = new BlockMassTap(PromptTap.Generation.of(source, some));
          return List.of(taps[some[0]]);
        },
        done -> {});
    HeatKvOrders orders =
        HeatKvOrders.ofScores(
            BlockMassTap.scores(
                Stream.of(taps).map(PromptTap::values).reduce((a, b) -> a.combine(b)).orElseThrow(),
                protectedMaps),
            protectedMaps);
    int layers = source.geometry().layers();
    for (int i = 0; i < expected.get("scasOrders").size(); i++) {
      int[] wanted =
          expected
              .get("scasOrders")
              .get(i)
              .valueStream()
              .mapToInt(pair -> pair.get(0).asInt() * layers + pair.get(1).asInt())
              .toArray();
      assertArrayEquals(wanted, orders.order(protectedMaps + i));
    }
  }

  /** Compares ‖softmax(scale · q kᵀ) v‖ of each call, in float64. */
  private static void checkOutputs(AttentionSource source, JsonNode expected, int row) {
    source.replay(
        images(source),
        1,
        some ->
            List.<AttentionTap>of(
                (site, q, k, v) -> {
                  double wanted =
                      expected
                          .get("outputNorm")
                          .get(some[0])
                          .get(site.layer())
                          .get(site.scale())
                          .asDouble();
                  assertEquals(wanted, norm(site, q, k, v, row), 1e-5, site.toString());
                }),
        done -> {});
  }

  private static double norm(AttentionSite site, NDArray q, NDArray k, NDArray v, int row) {
    float[] query = q.get(row).toFloatArray();
    float[] key = k.get(row).toFloatArray();
    float[] value = v.get(row).toFloatArray();
    ScaleSchedule schedule = site.schedule();
    int tokens = schedule.tokensBefore(site.scale() + 1);
    int heads = (int) q.getShape().get(1);
    int width = (int) q.getShape().get(3);
    double squares = 0;
    for (int h = 0; h < heads; h++) {
      for (int i = 0; i < site.queries(); i++) {
        double[] p = new double[tokens];
        for (int j = 0; j < tokens; j++) {
          for (int d = 0; d < width; d++) {
            p[j] +=
                site.softmaxScale()
                    * query[(h * site.queries() + i) * width + d]
                    * key[(h * tokens + j) * width + d];
          }
        }
        double most = DoubleStream.of(p).max().orElseThrow();
        double total = DoubleStream.of(p).map(x -> Math.exp(x - most)).sum();
        for (int d = 0; d < width; d++) {
          double o = 0;
          for (int j = 0; j < tokens; j++) {
            o += Math.exp(p[j] - most) / total * value[(h * tokens + j) * width + d];
          }
          squares += o * o;
        }
      }
    }
    return Math.sqrt(squares);
  }
}
