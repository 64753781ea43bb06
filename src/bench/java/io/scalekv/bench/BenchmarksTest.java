package io.scalekv.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyKind;
import io.scalekv.cache.policy.SelectionBenchmark;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.annotations.Param;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** Every benchmark runs once at a small size, and what JMH says becomes a table. */
final class BenchmarksTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void attention(String dtype) {
    AttentionBenchmark b = new AttentionBenchmark();
    b.shape = "3x4x20x8";
    b.dtype = dtype;
    b.setUp();
    assertEquals(3 * 4 * 8, b.even());
    assertEquals(3 * 4 * 8, b.ragged());
    b.tearDown();
  }

  @Test
  void raggedHeadsHoldAsManyTokensOnTheMean() {
    long[] lengths = AttentionBenchmark.lengths(16, 4096, 10521);
    assertEquals(16 * 10521.0, Arrays.stream(lengths).sum(), 16);
    assertEquals(4096 + 803, lengths[0]);
    assertEquals(16, Arrays.stream(lengths).distinct().count());
  }

  @ParameterizedTest
  @CsvSource({"fp32, 8", "bf16, 4", "int8, 2"})
  void cache(String type, int bytes) {
    CacheBenchmark b = new CacheBenchmark();
    b.type = type;
    b.size = "pocket";
    b.setUp();
    assertEquals(521, b.read());
    b.fill();
    long tenth = b.readAndCut();
    b.drop();
    b.fill();
    long all = b.readAndKeepAll();
    b.drop();
    b.tearDown();
    long numbers = 2L * 12 * 64 * 265;
    assertTrue(all >= numbers * bytes && all < 1.3 * numbers * bytes, all + " bytes");
    assertTrue(tenth < 0.5 * all, tenth + " of " + all + " bytes");
  }

  @Test
  void selectionKnowsEveryPolicyThatCuts() throws NoSuchFieldException {
    String[] named = SelectionBenchmark.class.getField("policy").getAnnotation(Param.class).value();
    Stream<String> kinds = Policies.all().stream().map(PolicyKind::name);
    assertArrayEquals(kinds.filter(k -> !k.equals("full")).toArray(), named);
    for (String policy : named) {
      SelectionBenchmark b = new SelectionBenchmark();
      b.policy = policy;
      b.model = "pocket";
      b.setUp();
      b.before();
      long kept = b.choose();
      b.after();
      b.tearDown();
      assertTrue(kept >= 0 && kept < 4 * 265, policy + ": " + kept + " tokens");
    }
  }

  @Test
  void profiler() {
    ProfilerBenchmark b = new ProfilerBenchmark();
    b.size = "pocket";
    b.fromLast = 2;
    b.setUp();
    b.fresh();
    b.attend();
    b.tearDown();
  }

  @Test
  void metrics() {
    MetricBenchmark b = new MetricBenchmark();
    b.setUp();
    assertTrue(b.psnr() > 20 && b.psnr() < 40, b.psnr() + " dB");
    for (double similarity : List.of(b.ssim(), b.msSsim(), b.haarPsi())) {
      assertTrue(similarity > 0.1 && similarity < 1, "similarity " + similarity);
    }
    assertTrue(b.lpipsProxy() > 0);
    b.tearDown();
    SetMetricBenchmark sets = new SetMetricBenchmark();
    sets.sets = "12x5";
    sets.setUp();
    assertTrue(sets.frechet() > 0);
    assertTrue(Double.isFinite(sets.kid()));
  }

  @Test
  void resultsBecomeATable() throws Exception {
    String raw =
        """
        [{"benchmark": "io.scalekv.bench.AttentionBenchmark.even", "mode": "ss",
          "params": {"shape": "2x10x50x1000", "dtype": "fp32"},
          "primaryMetric": {"score": 2.0, "scoreError": "NaN", "scoreUnit": "ms/op"}},
         {"benchmark": "io.scalekv.bench.MetricBenchmark.psnr", "mode": "avgt",
          "params": {"side": "64"},
          "primaryMetric": {"score": 0.25, "scoreError": 0.01, "scoreUnit": "ms/op"}}]
        """;
    Benchmarks.write((ArrayNode) new JsonMapper().readTree(raw), folder, 1);
    List<String> csv = Files.readAllLines(folder.resolve("jmh.csv"));
    assertEquals("benchmark,parameters,time,error 99.9 %,unit,GFLOP/s", csv.get(0));
    assertTrue(csv.get(1).contains("shape=2x10x50x1000, dtype=fp32"), csv.get(1));
    // 4 x 2 x 10 x 50 x 1000 = 4 MFLOP in 2 ms
    assertTrue(csv.get(1).endsWith(",2"), csv.get(1));
    assertTrue(csv.get(2).startsWith("MetricBenchmark.psnr,side=64,0.25,0.01,ms/op,"), csv.get(2));
    String md = Files.readString(folder.resolve("jmh.md"));
    assertTrue(md.contains("commit ") && md.contains("libtorch"), md);
    String json = Files.readString(folder.resolve("jmh.json"));
    assertEquals(2, new JsonMapper().readTree(json).get("results").size());
  }
}
