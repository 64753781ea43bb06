package io.scalekv.vocabtrim.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The published block efficiencies of FR-Spec (arXiv 2502.14856) under our cost. */
final class FrSpecMbsuTest {
  private record Row(String target, int k, double tau, double c, int gamma, double mbsu) {}

  /**
   * One EAGLE layer and its fusion of 2C to C; C, ffn width and key-value width as published.
   * Targets have 8.03 and 1.24 billion parameters.
   */
  private static final Map<String, DraftCost> COSTS =
      Map.of(
          "Llama-3-8B", new DraftCost(eagle(4096, 14336, 1024), 4096, 8_030_261_248L),
          "Llama-3.2-1B", new DraftCost(eagle(2048, 8192, 512), 2048, 1_235_814_400L));

  private static long eagle(long c, long ffn, long kv) {
    return 2 * c * c + 2 * c * kv + 3 * c * ffn + c + 2 * c * c;
  }

  private static List<Row> rows() throws IOException {
    try (InputStream in = DraftCost.class.getResourceAsStream("frspec_mbsu.csv")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .map(l -> l.split(","))
          .map(
              f ->
                  new Row(
                      f[0],
                      Integer.parseInt(f[1]),
                      Double.parseDouble(f[2]),
                      Double.parseDouble(f[3]),
                      Integer.parseInt(f[4]),
                      Double.parseDouble(f[5])))
          .toList();
    }
  }

  @Test
  void everyRowIsReproduced() throws IOException {
    assertEquals(10, rows().size());
    for (Row r : rows()) {
      DraftCost cost = COSTS.get(r.target());
      assertEquals(r.c(), cost.ratio(r.k()), 6e-5, r.toString());
      assertEquals(r.mbsu(), DraftCost.mbsu(r.tau(), r.c(), r.gamma()), 1.2e-3, r.toString());
      assertEquals(r.mbsu(), cost.mbsu(r.tau(), r.k(), r.gamma()), 5.5e-4, r.toString());
    }
  }

  @Test
  void theMaximaAreInside() throws IOException {
    Map<String, List<Row>> byTarget = rows().stream().collect(Collectors.groupingBy(Row::target));
    Map<String, Integer> best = Map.of("Llama-3-8B", 32_768, "Llama-3.2-1B", 16_384);
    byTarget.forEach(
        (target, rows) -> {
          List<Row> up = rows.stream().sorted(Comparator.comparingInt(Row::k)).toList();
          int[] k = up.stream().mapToInt(Row::k).toArray();
          double[] tau = up.stream().mapToDouble(Row::tau).toArray();
          int gamma = up.get(0).gamma();
          DraftCost cost = COSTS.get(target);
          int at = cost.best(k, tau, gamma);
          assertEquals(best.get(target), k[at], target);
          double most = cost.mbsu(tau[at], k[at], gamma);
          int last = k.length - 1;
          assertTrue(most > cost.mbsu(tau[0], k[0], gamma), target);
          assertTrue(most > cost.mbsu(tau[last], k[last], gamma), target);
        });
  }
}
