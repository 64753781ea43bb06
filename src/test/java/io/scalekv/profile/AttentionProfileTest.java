package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionProfileTest {
  private static final int PROMPTS = 7;
  private static final ProfileGeometry GEOMETRY =
      new ProfileGeometry(3, 2, ScaleSchedule.ofSides(1, 2, 4));
  private static final ProfileOptions OPTIONS = ProfileOptions.defaults().withQuerySamples(6);
  private static final List<PromptStatistics> SEEN = new ArrayList<>();

  @BeforeAll
  static void profile() {
    FakeAttention model = new FakeAttention(GEOMETRY, 1, 1.2);
    for (int p = 0; p < PROMPTS; p++) {
      AttentionProfiler profiler = AttentionProfiler.create(GEOMETRY, OPTIONS, p);
      model.generate(profiler, true, p);
      SEEN.addAll(profiler.statistics());
    }
  }

  private static AttentionProfile whole() {
    return AttentionProfile.of(GEOMETRY, OPTIONS, SEEN);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void anySplitGivesTheSameBits(int seed) {
    Random random = new Random(seed);
    List<PromptStatistics> shuffled = new ArrayList<>(SEEN);
    Collections.shuffle(shuffled, random);
    AttentionProfile merged = AttentionProfile.of(GEOMETRY, OPTIONS, List.of());
    for (int at = 0; at < PROMPTS; ) {
      int end = Math.min(PROMPTS, at + 1 + random.nextInt(4));
      AttentionProfile part = AttentionProfile.of(GEOMETRY, OPTIONS, shuffled.subList(at, end));
      merged = random.nextBoolean() ? merged.combine(part) : part.combine(merged);
      at = end;
    }
    for (LayerStatistic m : LayerStatistic.values()) {
      assertArrayEquals(
          LayerStatistics.of(whole()).value(m), LayerStatistics.of(merged).value(m), m.cliName());
    }
    assertEquals(SEEN, merged.prompts());
  }

  @Test
  void asiIsTheProductOfMeansOverPromptsAndHeads() {
    double current = 0;
    double top = 0;
    for (PromptStatistics p : SEEN) {
      for (int h = 0; h < 2; h++) {
        current += p.value(Branch.CONDITIONAL, HeadStatistic.CURRENT_MASS, 1, 2, h) / 14;
        top += p.value(Branch.CONDITIONAL, HeadStatistic.HISTORY_TOP_K, 1, 2, h) / 14;
      }
    }
    assertEquals(current * top, LayerStatistics.of(whole()).value(LayerStatistic.ASI)[1][2], 1e-12);
    assertEquals(
        current, LayerStatistics.of(whole()).value(LayerStatistic.CURRENT_RATIO)[1][2], 1e-12);
  }

  @Test
  void metricsStayInTheirRanges() {
    for (LayerStatistic m : LayerStatistic.values()) {
      double[][] values = LayerStatistics.of(whole()).value(m);
      if (m.needsBudget()) {
        assertTrue(Double.isNaN(values[1][2]));
        continue;
      }
      for (int l = 0; l < GEOMETRY.layers(); l++) {
        for (int k = 1; k < GEOMETRY.scales(); k++) {
          double most =
              switch (m) {
                case ENTROPY, HISTORY_ENTROPY, CURRENT_ENTROPY -> Math.log(21);
                case EFFECTIVE_KEYS, CURRENT_EFFECTIVE_KEYS -> 21;
                case HISTORY_EFFECTIVE_KEYS -> 5;
                case EFFECTIVE_MAPS -> 3;
                case HEAD_SPREAD -> 0.5;
                case DISTANCE, CURRENT_DISTANCE -> Math.sqrt(2);
                default -> 1;
              };
          assertTrue(values[l][k] >= 0 && values[l][k] <= most, m + " " + values[l][k]);
        }
      }
    }
    assertTrue(Double.isNaN(LayerStatistics.of(whole()).value(LayerStatistic.ASI)[0][0]));
    assertTrue(
        Double.isNaN(
            LayerStatistics.of(whole()).value(LayerStatistic.HISTORY_EFFECTIVE_KEYS)[2][0]));
    assertEquals(1, LayerStatistics.of(whole()).value(LayerStatistic.CURRENT_RATIO)[0][0], 1e-6);
  }

  @Test
  void aDrawOfPromptsMayRepeat() {
    AttentionProfile one = AttentionProfile.of(GEOMETRY, OPTIONS, SEEN.subList(2, 3));
    for (LayerStatistic m : LayerStatistic.values()) {
      double[][] expected = LayerStatistics.of(one).value(m);
      double[][] drawn = LayerStatistics.of(whole()).value(m, 2, 2);
      for (int l = 0; l < expected.length; l++) {
        assertArrayEquals(expected[l], drawn[l], 1e-12, m.cliName());
      }
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    AttentionProfile part = AttentionProfile.of(GEOMETRY, OPTIONS, SEEN.subList(0, 1));
    assertThrows(IllegalArgumentException.class, () -> whole().combine(part));
    AttentionProfile otherSeed =
        AttentionProfile.of(GEOMETRY, OPTIONS.withSeed(9), SEEN.subList(0, 1));
    assertThrows(IllegalArgumentException.class, () -> part.combine(otherSeed));
    assertThrows(
        IllegalArgumentException.class,
        () -> AttentionProfile.of(new ProfileGeometry(2, 2, GEOMETRY.schedule()), OPTIONS, SEEN));
  }

  @Test
  void momentsLeaveOutWhatIsUndefined() {
    Moments m = Moments.of(1, Double.NaN, 2, 6);
    assertEquals(new Moments(3, 3, 7), m);
    assertEquals(Math.sqrt(7 / 3.), m.standardError(), 1e-15);
    assertEquals(0, Moments.of(Double.NaN).n());
    assertTrue(Double.isNaN(Moments.of(4).standardDeviation()));
  }

  @Test
  void csvHoldsEveryValueOnce(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("profile.csv");
    Files.writeString(file, "old");
    StatisticsCsv.writeHeads(whole(), file);
    List<String> lines = Files.readAllLines(file);
    assertEquals("branch,layer,head,scale,map,statistic,mean,std,n", lines.get(0));
    assertEquals(
        lines.size() - 1,
        lines.stream()
            .skip(1)
            .map(l -> String.join(",", Arrays.copyOf(l.split(","), 6)))
            .distinct()
            .count());
    Moments m = whole().moments(Branch.UNCONDITIONAL, HeadStatistic.ENTROPY, 2, 1, 0);
    assertTrue(
        lines.contains(
            "unconditional,2,0,2,2x2,entropy," + m.mean() + "," + m.standardDeviation() + ",7"));
    double asi = LayerStatistics.of(whole()).value(LayerStatistic.ASI)[1][2];
    assertTrue(
        lines.stream().anyMatch(l -> l.startsWith("conditional,1,layer,3,4x4,asi," + asi + ",")));
    assertFalse(lines.stream().anyMatch(l -> l.contains("NaN")));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
    StatisticsCsv.writeHeads(AttentionProfile.of(GEOMETRY, OPTIONS, SEEN.subList(0, 1)), file);
    assertTrue(Files.readAllLines(file).get(1).endsWith(",n/a,1"));
  }
}
