package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.model.AttentionSite;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyTapsTest {
  private static final ScaleSchedule SCHEDULE =
      new ScaleSchedule(
          List.of(
              new TokenMap(1, 1),
              new TokenMap(2, 1),
              new TokenMap(2, 3),
              new TokenMap(4, 3),
              new TokenMap(5, 6)));
  private static final ProfileGeometry GEOMETRY = new ProfileGeometry(3, 2, SCHEDULE);
  private static final TokenMap REFERENCE = new TokenMap(16, 16);
  private static final double SOFTMAX_SCALE = 0.7;
  private static final FakeAttention MODEL = new FakeAttention(GEOMETRY, SOFTMAX_SCALE, 1.3);
  private static final int[] PROMPTS = {0, 1, 2};

  /** Softmax rows of one prompt's conditional attention, [head][query][key]. */
  private static double[][][] rows(int prompt, int layer, int scale) {
    return new NaiveProfile(
            SCHEDULE,
            scale,
            ProfileOptions.defaults(),
            new int[] {0},
            MODEL.query(prompt, true, layer, scale),
            MODEL.key(prompt, true, layer, scale),
            SOFTMAX_SCALE)
        .p;
  }

  private static PromptTap.Generation generation(int... prompts) {
    return new PromptTap.Generation(GEOMETRY, Optional.of(REFERENCE), new SharedColumns(), prompts);
  }

  private static PromptValues mass(boolean guided, int... prompts) {
    BlockMassTap tap = new BlockMassTap(generation(prompts));
    MODEL.generate(tap, guided, prompts);
    return tap.values();
  }

  private static PromptValues variance(int... prompts) {
    AttentionVarianceTap tap = new AttentionVarianceTap(generation(prompts));
    MODEL.generate(tap, true, prompts);
    return tap.values();
  }

  private static PromptValues similarity(int firstMaps, int... prompts) {
    MapSimilarityTap tap = new MapSimilarityTap(generation(prompts), firstMaps);
    MODEL.generate(tap, true, prompts);
    return tap.values();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void blockMassIsTheMeanShareThatLaterMapsGive(int firstMap) {
    int scales = SCHEDULE.scales();
    double[][][] got = BlockMassTap.scores(mass(true, PROMPTS), firstMap);
    for (int l = 0; l < 3; l++) {
      for (int h = 0; h < 2; h++) {
        for (int s = 0; s < scales; s++) {
          if (s < firstMap || s == scales - 1) {
            assertTrue(Double.isNaN(got[l][h][s]));
            continue;
          }
          double sum = 0;
          for (int prompt : PROMPTS) {
            for (int t = s + 1; t < scales; t++) {
              double[][] p = rows(prompt, l, t)[h];
              for (double[] row : p) {
                for (int j = SCHEDULE.tokensBefore(s); j < SCHEDULE.tokensBefore(s + 1); j++) {
                  sum += row[j] / p.length;
                }
              }
            }
          }
          assertEquals(sum / (3 * (scales - 1 - s)), got[l][h][s], 1e-6);
        }
      }
    }
  }

  @Test
  void variancesAreThoseOfTheQueriesAndRanksTheirMeans() {
    double[][][] got = AttentionVarianceTap.variances(variance(PROMPTS));
    double[][] ranks = AttentionVarianceTap.ranks(variance(PROMPTS));
    double[][] expectedRanks = new double[3][2];
    for (int k = 0; k < SCHEDULE.scales(); k++) {
      double[][] v = new double[3][2];
      for (int l = 0; l < 3; l++) {
        for (int prompt : PROMPTS) {
          double[][][] p = rows(prompt, l, k);
          for (int h = 0; h < 2; h++) {
            v[l][h] += variance(p[h]) / 3;
          }
        }
        for (int h = 0; h < 2; h++) {
          if (k == 0) {
            assertTrue(Double.isNaN(got[l][h][k]));
          } else {
            assertEquals(v[l][h], got[l][h][k], 1e-6 * v[l][h]);
          }
        }
      }
      for (int l = 0; l < 3 && k > 0; l++) {
        for (int h = 0; h < 2; h++) {
          double own = v[l][h];
          expectedRanks[l][h] +=
              Arrays.stream(v).flatMapToDouble(Arrays::stream).filter(o -> o <= own).count() / 4.0;
        }
      }
    }
    for (int l = 0; l < 3; l++) {
      assertArrayEquals(expectedRanks[l], ranks[l], 1e-12);
    }
  }

  /** Mean over the keys of the variance over the queries. */
  private static double variance(double[][] p) {
    double sum = 0;
    for (int j = 0; j < p[0].length; j++) {
      int key = j;
      double mean = Arrays.stream(p).mapToDouble(row -> row[key]).average().orElseThrow();
      sum +=
          Arrays.stream(p)
              .mapToDouble(row -> (row[key] - mean) * (row[key] - mean))
              .average()
              .orElseThrow();
    }
    return sum / p[0].length;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4})
  void similarityIsThatOfEnlargedUnrotatedMaps(int firstMaps) {
    double[] got = MapSimilarityTap.similarity(similarity(firstMaps, PROMPTS), firstMaps);
    int first = Math.max(1, firstMaps);
    for (int l = 0; l < 3; l++) {
      double sum = 0;
      for (int k = first; k < SCHEDULE.scales(); k++) {
        for (int prompt : PROMPTS) {
          float[][][] x = MODEL.key(prompt, true, l, k);
          for (float[][] head : x) {
            double keys = cosine(unrotated(head), k);
            double values = cosine(head, k);
            sum += (keys + values) / 2 / (2 * 3 * (SCHEDULE.scales() - first));
          }
        }
      }
      assertEquals(sum, got[l], 2e-6);
    }
  }

  /** Turns every token of a head back by the angle of its place, pair by pair. */
  private static float[][] unrotated(float[][] tokens) {
    int half = FakeAttention.HEAD_WIDTH / 2;
    float[][] out = new float[tokens.length][FakeAttention.HEAD_WIDTH];
    for (int j = 0; j < tokens.length; j++) {
      TokenMap map = SCHEDULE.map(SCHEDULE.scaleOf(j));
      int i = j - SCHEDULE.tokensBefore(SCHEDULE.scaleOf(j));
      int y = i / map.width();
      int x = i % map.width();
      double row = Math.rint(y * (double) REFERENCE.height() / map.height());
      double column = Math.rint(x * (double) REFERENCE.width() / map.width());
      for (int pair = 0; pair < half; pair++) {
        int turn = pair % (half / 2);
        double angle = (pair < half / 2 ? row : column) * Math.pow(10000, -2.0 * turn / half);
        double a = tokens[j][2 * pair];
        double b = tokens[j][2 * pair + 1];
        out[j][2 * pair] = (float) (a * Math.cos(angle) + b * Math.sin(angle));
        out[j][2 * pair + 1] = (float) (b * Math.cos(angle) - a * Math.sin(angle));
      }
    }
    return out;
  }

  /** Mean cosine of the tokens of map k with those of the map before it, between its tokens. */
  private static double cosine(float[][] tokens, int k) {
    TokenMap now = SCHEDULE.map(k);
    TokenMap before = SCHEDULE.map(k - 1);
    double sum = 0;
    for (int i = 0; i < now.tokens(); i++) {
      double[] y = place(i / now.width(), now.height(), before.height());
      double[] x = place(i % now.width(), now.width(), before.width());
      float[] own = tokens[SCHEDULE.tokensBefore(k) + i];
      double dot = 0;
      double a = 0;
      double b = 0;
      for (int d = 0; d < own.length; d++) {
        double up = 0;
        for (int corner = 0; corner < 4; corner++) {
          int r = Math.min(before.height() - 1, (int) y[0] + corner / 2);
          int c = Math.min(before.width() - 1, (int) x[0] + corner % 2);
          double weight = (corner / 2 == 0 ? 1 - y[1] : y[1]) * (corner % 2 == 0 ? 1 - x[1] : x[1]);
          up += weight * tokens[SCHEDULE.tokensBefore(k - 1) + r * before.width() + c][d];
        }
        dot += up * own[d];
        a += up * up;
        b += (double) own[d] * own[d];
      }
      sum += dot / Math.sqrt(a * b);
    }
    return sum / now.tokens();
  }

  /** Where a run's centre lies among the runs of the smaller map: whole part and rest. */
  private static double[] place(int i, int runs, int smaller) {
    double at = Math.max(0, (i + 0.5) * smaller / runs - 0.5);
    return new double[] {at, at - Math.floor(at)};
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 40, 1 << 20})
  void blocksOfQueriesChangeNothing(int blockValues) {
    AttentionSite site = new AttentionSite(1, 4, SCHEDULE, 2, SOFTMAX_SCALE);
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      NDArray q =
          FakeAttention.array(
              m, new float[][][][] {MODEL.query(0, true, 1, 4), MODEL.query(1, true, 1, 4)});
      NDArray k =
          FakeAttention.array(
              m, new float[][][][] {MODEL.key(0, true, 1, 4), MODEL.key(1, true, 1, 4)});
      int arrays = m.getManagedArrays().size();
      AttentionColumns columns = AttentionColumns.of(site, q, k, blockValues);
      assertEquals(arrays, m.getManagedArrays().size(), "arrays left behind");
      for (int row = 0; row < 2; row++) {
        double[][][] p = rows(row, 1, 4);
        for (int h = 0; h < 2; h++) {
          for (int j = 0; j < p[h][0].length; j++) {
            int key = j;
            double[] drawn = Arrays.stream(p[h]).mapToDouble(r -> r[key]).toArray();
            assertEquals(Arrays.stream(drawn).sum(), columns.sum(row, h, j), 1e-5);
            assertEquals(
                Arrays.stream(drawn).map(v -> v * v).sum(), columns.squares(row, h, j), 1e-6);
          }
        }
      }
    }
  }

  @Test
  void anySplitOfThePromptsGivesTheSameBits() {
    double[][][] mass = BlockMassTap.scores(mass(true, PROMPTS), 1);
    assertArrayEquals(
        mass, BlockMassTap.scores(mass(true, 2).combine(mass(true, 0)).combine(mass(true, 1)), 1));
    assertArrayEquals(
        mass, BlockMassTap.scores(mass(false, PROMPTS), 1), "unconditional rows do not count");
    assertArrayEquals(
        AttentionVarianceTap.ranks(variance(PROMPTS)),
        AttentionVarianceTap.ranks(variance(1, 2).combine(variance(0))));
    assertArrayEquals(
        MapSimilarityTap.similarity(similarity(2, PROMPTS), 2),
        MapSimilarityTap.similarity(similarity(2, 2).combine(similarity(2, 0, 1)), 2));
  }

  @Test
  void valuesComeBackFromAFile(@TempDir Path folder) {
    PromptValues values = mass(true, PROMPTS);
    Path file = folder.resolve("values.safetensors");
    PromptValuesFile.write(Map.of("mass", values), file);
    PromptValues read =
        PromptValuesFile.read(GEOMETRY, Map.of("mass", values.width()), file).get("mass");
    assertArrayEquals(BlockMassTap.scores(values, 1), BlockMassTap.scores(read, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> PromptValuesFile.read(GEOMETRY, Map.of("other", 1), file));
    assertThrows(
        IllegalArgumentException.class,
        () -> PromptValuesFile.read(GEOMETRY, Map.of("mass", 1), file));
  }

  @Test
  void oneComputationServesBoth() {
    PromptTap.Generation generation = generation(PROMPTS);
    BlockMassTap mass = new BlockMassTap(generation);
    AttentionVarianceTap variance = new AttentionVarianceTap(generation);
    MODEL.generate(
        (site, q, k, v) -> {
          mass.attend(site, q, k, v);
          variance.attend(site, q, k, v);
        },
        true,
        PROMPTS);
    assertArrayEquals(
        BlockMassTap.scores(mass(true, PROMPTS), 1), BlockMassTap.scores(mass.values(), 1));
    assertArrayEquals(
        AttentionVarianceTap.ranks(variance(PROMPTS)),
        AttentionVarianceTap.ranks(variance.values()));
  }

  @Test
  void equalVariancesShareTheirRank() {
    ProfileGeometry g = new ProfileGeometry(2, 2, ScaleSchedule.ofSides(1, 2));
    AttentionVarianceTap tap =
        new AttentionVarianceTap(
            new PromptTap.Generation(g, Optional.empty(), new SharedColumns(), 0));
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      for (int l = 0; l < 2; l++) {
        for (int k = 0; k < 2; k++) {
          NDArray q = m.zeros(new Shape(1, 2, k == 0 ? 1 : 4, 4));
          NDArray keys = m.ones(new Shape(1, 2, k == 0 ? 1 : 5, 4));
          tap.attend(new AttentionSite(l, k, g.schedule(), 1, 1), q, keys, keys);
        }
      }
    }
    for (double[] layer : AttentionVarianceTap.ranks(tap.values())) {
      assertArrayEquals(new double[] {2.5, 2.5}, layer);
    }
  }

  @Test
  void incompleteOrRepeatedGenerationsAreErrors() {
    BlockMassTap half = new BlockMassTap(generation(4));
    IntStream.range(0, 3).forEach(k -> MODEL.attend(half, true, 0, k, 4));
    assertThrows(IllegalStateException.class, () -> BlockMassTap.scores(half.values(), 1));
    assertThrows(IllegalStateException.class, () -> MODEL.attend(half, true, 0, 2, 4));
    assertThrows(
        IllegalArgumentException.class,
        () -> half.values().combine(new BlockMassTap(generation(4)).values()));
    assertThrows(IllegalArgumentException.class, () -> BlockMassTap.scores(mass(true, PROMPTS), 4));
    assertThrows(IllegalArgumentException.class, () -> new MapSimilarityTap(generation(0), 5));
    ProfileGeometry one = new ProfileGeometry(1, 1, ScaleSchedule.ofSides(1));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new AttentionVarianceTap(
                new PromptTap.Generation(one, Optional.empty(), new SharedColumns(), 0)));
  }
}
