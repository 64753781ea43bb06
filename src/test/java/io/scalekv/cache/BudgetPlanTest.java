package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetPlanTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);
  private static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final Allocation RELEASED = new Allocation.Released();

  private static boolean[][] releasedDrafters(String model) {
    boolean[][] drafter = new boolean[model.equals("Infinity-2B") ? 32 : 40][13];
    for (List<String> row : PaperCsv.rows("scalekv_released_budgets.csv")) {
      if (row.get(0).equals(model)) {
        for (String block : row.get(2).split(";")) {
          drafter[Integer.parseInt(block)][Integer.parseInt(row.get(1)) - 1] = true;
        }
      }
    }
    return drafter;
  }

  static List<List<String>> releasedRows() {
    return PaperCsv.rows("scalekv_released_budgets.csv");
  }

  @ParameterizedTest
  @MethodSource("releasedRows")
  void reproducesTheReleasedRows(List<String> row) {
    boolean[][] drafter = releasedDrafters(row.get(0));
    BudgetPlan plan = BudgetPlan.of(MEGAPIXEL, 650, drafter, RELEASED);
    int scale = Integer.parseInt(row.get(1)) - 1;
    for (int l = 0; l < plan.layers(); l++) {
      int column = drafter[l][scale] ? 3 : 4;
      assertEquals(Integer.parseInt(row.get(column)), plan.tokens(scale, l), "layer " + l);
    }
    int firstDrafter = Integer.parseInt(row.get(2).split(";")[0]);
    assertEquals(Integer.parseInt(row.get(5)), plan.held(scale, firstDrafter));
    assertEquals(650.0, plan.mean(scale));
    assertEquals(8, plan.firstCutScale());
    assertEquals(5, plan.schedule().scales() - plan.firstCutScale());
  }

  @Test
  void thereAreTenReleasedRows() {
    assertEquals(10, releasedRows().size());
  }

  @Test
  void paperAllocationByHand() {
    // 40 tokens, 4 layers, sides 4, 4, 8, 8: histories 0, 16, 32, 96; only the last scale is cut.
    ScaleSchedule schedule = ScaleSchedule.ofSides(4, 4, 8, 8);
    boolean[][] drafter = new boolean[4][4];
    drafter[1][3] = true;
    BudgetPlan plan = BudgetPlan.of(schedule, 40, drafter, new Allocation.Paper());
    // Refiners 0.92 * 40 = 36.8, so 37; the drafter 160 - 3 * 37 = 49.
    assertEquals(List.of(37, 49, 37, 37), tokens(plan, 3));
    assertEquals(List.of(32, 32, 32, 32), tokens(plan, 2));
    // Refiners 0.5 * 40 = 20; the drafter would get 100 but holds 96: 64 / 3 go back.
    plan = BudgetPlan.of(schedule, 40, drafter, new Allocation.Paper(0.5, 0));
    assertEquals(List.of(21, 96, 21, 21), tokens(plan, 3));
  }

  @Test
  void paperRefinersDecayFromTheFirstCutScale() {
    boolean[][] drafter = new boolean[32][13];
    for (int l = 0; l < 16; l++) {
      Arrays.fill(drafter[l], 8, 13, true);
    }
    BudgetPlan plan =
        BudgetPlan.of(MEGAPIXEL, 650, drafter, new Allocation.Paper(600 / 650.0, 70 / 650.0));
    for (int k = 8; k < 13; k++) {
      assertEquals(600 - 70 * (k - 8), plan.tokens(k, 31));
      assertEquals(700 + 70 * (k - 8), plan.tokens(k, 0));
      assertEquals(650.0, plan.mean(k));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"paper", "released"})
  void withoutOrWithOnlyDraftersEveryLayerGetsTheBudget(String name) {
    Allocation allocation = Allocation.parse(name);
    assertEquals(name, allocation.name());
    boolean[][] all = new boolean[12][7];
    for (boolean[] row : all) {
      Arrays.fill(row, true);
    }
    for (boolean[][] drafter : List.of(all, new boolean[12][7])) {
      for (int budget : new int[] {53, 26, 11, 3, 1}) {
        BudgetPlan plan = BudgetPlan.of(POCKET, budget, drafter, allocation);
        for (int k = plan.firstCutScale(); k < 7; k++) {
          assertEquals(java.util.Collections.nCopies(12, budget), tokens(plan, k));
        }
        assertEquals(BudgetPlan.uniform(POCKET, 12, budget), plan);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"paper", "released"})
  void aNewDrafterHoldsNoMoreThanItHadAsARefiner(String name) {
    boolean[][] drafter = new boolean[32][13];
    drafter[0][8] = true;
    drafter[0][9] = true;
    drafter[5][9] = true;
    BudgetPlan plan = BudgetPlan.of(MEGAPIXEL, 650, drafter, Allocation.parse(name));
    int heldAsRefiner = plan.tokens(8, 5) + 576;
    assertEquals(heldAsRefiner, plan.held(9, 5));
    assertEquals(heldAsRefiner, plan.tokens(9, 5));
    assertTrue(plan.tokens(9, 0) > heldAsRefiner);
    assertTrue(plan.mean(9) <= 650 && plan.mean(9) > 649, "mean " + plan.mean(9));
  }

  static Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (String name : List.of("paper", "released")) {
      for (int budget : new int[] {53, 26, 11, 3, 1}) {
        cases.add(Arguments.of(name, POCKET, budget, (long) budget));
      }
      for (long seed = 1; seed <= 150; seed++) {
        Random random = new Random(seed);
        int scales = 1 + random.nextInt(10);
        int[] sides = new int[scales];
        for (int k = 0; k < scales; k++) {
          sides[k] = 1 + random.nextInt(1 + random.nextInt(12));
        }
        ScaleSchedule schedule = ScaleSchedule.ofSides(sides);
        int budget = 1 + random.nextInt(schedule.totalTokens() + 5);
        cases.add(Arguments.of(name, schedule, budget, seed));
      }
    }
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void invariants(String name, ScaleSchedule schedule, int budget, long seed) {
    Random random = new Random(1000 + seed);
    int layers = name.equals("paper") && budget == 26 ? 12 : 1 + random.nextInt(40);
    double share = random.nextDouble() * random.nextDouble();
    boolean[][] drafter = new boolean[layers][schedule.scales()];
    for (boolean[] row : drafter) {
      for (int k = 0; k < row.length; k++) {
        row[k] = random.nextDouble() < share;
      }
    }
    BudgetPlan plan = BudgetPlan.of(schedule, budget, drafter, Allocation.parse(name));
    int[] held = new int[layers];
    for (int k = 0; k < schedule.scales(); k++) {
      int history = schedule.tokensBefore(k);
      long sum = 0;
      int least = Integer.MAX_VALUE;
      for (int l = 0; l < layers; l++) {
        int tokens = plan.tokens(k, l);
        assertEquals(held[l], plan.held(k, l));
        assertTrue(tokens <= held[l], "scale " + k + " layer " + l + ": more than is held");
        assertTrue(k == 0 || tokens >= 1, "scale " + k + " layer " + l + ": nothing left");
        if (history <= budget) {
          assertEquals(history, tokens, "scale " + k + ": cut although it fits");
        }
        sum += tokens;
        least = Math.min(least, held[l]);
        held[l] = tokens + schedule.tokens(k);
      }
      assertEquals((double) sum / plan.layers(), plan.mean(k), 1e-9);
      assertTrue(sum <= (long) budget * layers, "scale " + k + ": mean above the budget");
      if (history > budget && least >= budget) {
        // Nothing but the rounding of an equal share to whole tokens is left over.
        assertTrue(sum > (long) (budget - 1) * layers, "scale " + k + ": sum " + sum);
        if (name.equals("released")) {
          assertEquals((long) budget * layers, sum, "scale " + k + ": mean not exact");
        }
      }
    }
    assertEquals(plan, BudgetPlan.of(schedule, budget, drafter, Allocation.parse(name)));
    int[][] table = new int[schedule.scales()][];
    for (int k = 0; k < table.length; k++) {
      table[k] = tokens(plan, k).stream().mapToInt(Integer::intValue).toArray();
    }
    assertEquals(plan, BudgetPlan.ofTokens(schedule, budget, table));
  }

  /** The released rule once more, by trying every pair of integers. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void releasedAgreesWithBruteForce(long seed) {
    Random random = new Random(seed);
    int layers = 2 + random.nextInt(20);
    int drafters = 1 + random.nextInt(layers - 1);
    int budget = 2 + random.nextInt(50);
    ScaleSchedule schedule = ScaleSchedule.ofSides(1 + (int) Math.sqrt(budget), 9, 9);
    boolean[][] drafter = new boolean[layers][3];
    for (int l = 0; l < drafters; l++) {
      Arrays.fill(drafter[l], true);
    }
    BudgetPlan plan = BudgetPlan.of(schedule, budget, drafter, RELEASED);
    int limit = schedule.tokens(0);
    for (int k = 1; k < 3; k++) {
      int floor = (int) Math.ceil(4.0 * budget / 13);
      int drafterTokens = -1;
      int refinerTokens = -1;
      for (int d = 0; d <= limit; d++) {
        for (int r = floor; r <= limit; r++) {
          if (d * drafters + r * (layers - drafters) == budget * layers) {
            drafterTokens = d;
            refinerTokens = r;
          }
        }
      }
      assertEquals(drafterTokens, plan.tokens(k, 0));
      assertEquals(refinerTokens, plan.tokens(k, layers - 1));
      limit = drafterTokens + schedule.tokens(k);
    }
  }

  @Test
  void impossiblePlansAreRefused() {
    ScaleSchedule schedule = ScaleSchedule.ofSides(1, 2, 3);
    refused("scale 3.*got 9", schedule, 4, new int[][] {{0, 0}, {1, 1}, {4, 5}});
    refused("scale 3, layer 1,.*got 6", schedule, 4, new int[][] {{0, 0}, {1, 1}, {2, 6}});
    refused("scale 3, layer 0,.*got -1", schedule, 4, new int[][] {{0, 0}, {1, 1}, {-1, 4}});
    refused("scale 2, layer 1,.*got 0", schedule, 4, new int[][] {{0, 0}, {1, 0}, {4, 4}});
    refused("scales, got 2", schedule, 4, new int[][] {{0, 0}, {1, 1}});
    refused("scale 2 .*layers, got 1", schedule, 4, new int[][] {{0, 0}, {1}, {4, 4}});
    refused("budget.*got 0", schedule, 0, new int[][] {{0, 0}, {1, 1}, {4, 4}});
    assertThrows(
        IllegalArgumentException.class,
        () -> BudgetPlan.of(schedule, 4, new boolean[2][2], RELEASED));
    assertThrows(IllegalArgumentException.class, () -> Allocation.parse("uniform"));
    assertThrows(IllegalArgumentException.class, () -> new Allocation.Paper(1.1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Allocation.Paper(0.9, Double.NaN));
  }

  private static void refused(String place, ScaleSchedule schedule, int budget, int[][] tokens) {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> BudgetPlan.ofTokens(schedule, budget, tokens));
    assertTrue(Pattern.compile(place).matcher(error.getMessage()).find(), error.getMessage());
  }

  @Test
  void aPlanIsAValue() {
    int[][] table = {{0, 0}, {1, 1}, {4, 4}};
    ScaleSchedule schedule = ScaleSchedule.ofSides(1, 2, 3);
    BudgetPlan plan = BudgetPlan.ofTokens(schedule, 4, table);
    table[2][0] = 3;
    assertEquals(4, plan.tokens(2, 0));
    assertEquals(BudgetPlan.uniform(schedule, 2, 4), plan);
    assertEquals(BudgetPlan.uniform(schedule, 2, 4).hashCode(), plan.hashCode());
    assertNotEquals(plan, BudgetPlan.ofTokens(schedule, 4, table));
    assertNotEquals(plan, BudgetPlan.uniform(schedule, 2, 3));
  }

  private static final ScaleSchedule SMALL = ScaleSchedule.ofSides(1, 2, 3);

  private static int[][][] heads() {
    return new int[][][] {{{0, 0}, {0, 0}}, {{1, 1}, {0, 1}}, {{5, 1}, {2, 4}}};
  }

  @Test
  void headByHead() {
    int[][][] table = heads();
    BudgetPlan plan = BudgetPlan.ofHeads(SMALL, 4, table);
    table[2][0][0] = 0;
    assertEquals(5, plan.tokens(2, 0, 0));
    assertEquals(1, plan.tokens(2, 0, 1));
    assertEquals(4, plan.tokens(2, 1, 1));
    assertEquals(0.75, plan.mean(1));
    assertEquals(3, plan.mean(2));
    assertEquals(3, plan.largestMean(), "below the budget of 4");
    assertEquals(2, plan.layers());
    assertEquals(4, plan.budget());
    assertFalse(plan.headsAlike());
    assertThrows(IllegalStateException.class, () -> plan.tokens(2, 0));
    assertEquals(plan, BudgetPlan.ofHeads(SMALL, 4, heads()));
    assertNotEquals(plan, BudgetPlan.ofHeads(SMALL, 3, heads()));
    assertNotEquals(plan, BudgetPlan.ofHeads(ScaleSchedule.ofSides(1, 2, 4), 4, heads()));
    BudgetPlan alike = BudgetPlan.uniform(SMALL, 2, 4);
    assertTrue(alike.headsAlike());
    assertEquals(alike.tokens(2, 1), alike.tokens(2, 1, 7), "any head of a plan by layers");
  }

  @Test
  void impossibleHeadsAreRefused() {
    int[][][] more = heads();
    more[2][1][0] = 5;
    refusedHeads("scale 3, layer 1, head 0.*got 5", 4, more);
    int[][][] less = heads();
    less[2][1][1] = -1;
    refusedHeads("scale 3, layer 1, head 1.*got -1", 4, less);
    int[][][] sum = heads();
    sum[2][0][1] = 2;
    refusedHeads("scale 3.*got 13", 3, sum);
    BudgetPlan.ofHeads(SMALL, 3, heads());
    int[][][] ragged = heads();
    ragged[1][1] = new int[] {1};
    refusedHeads("scale 2, layer 1.*heads, got 1", 4, ragged);
    refusedHeads("layers.*got 0", 4, new int[0][][]);
    refusedHeads("budget.*got 0", 0, heads());
    for (boolean[][] roles : new boolean[][][] {new boolean[0][3], new boolean[2][3]}) {
      int budget = roles.length == 0 ? 4 : 0;
      assertThrows(
          IllegalArgumentException.class, () -> BudgetPlan.of(SMALL, budget, roles, RELEASED));
    }
    refused("layers.*got 0", SMALL, 4, new int[0][]);
    refused("layers.*got 0", SMALL, 4, new int[3][0]);
  }

  private static void refusedHeads(String place, int budget, int[][][] tokens) {
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> BudgetPlan.ofHeads(SMALL, budget, tokens));
    assertTrue(Pattern.compile(place).matcher(error.getMessage()).find(), error.getMessage());
  }

  @Test
  void cutsOnlyWhatDoesNotFit() {
    // Histories 0, 1, 5.
    assertEquals(3, BudgetPlan.firstCutScale(SMALL, 5));
    assertEquals(2, BudgetPlan.firstCutScale(SMALL, 4));
    assertEquals(2, BudgetPlan.firstCutScale(SMALL, 1));
    assertFalse(BudgetPlan.uniform(SMALL, 2, 5).evicts());
    assertEquals(SMALL.scales(), BudgetPlan.uniform(SMALL, 2, 5).firstCutScale());
    assertTrue(BudgetPlan.uniform(SMALL, 2, 4).evicts());
    int[][][] last = {{{0, 0}}, {{1, 1}}, {{5, 4}}};
    assertTrue(BudgetPlan.ofHeads(SMALL, 5, last).evicts(), "the last head of the last map");
    last[2][0][1] = 5;
    assertFalse(BudgetPlan.ofHeads(SMALL, 5, last).evicts());
    assertEquals(
        "budget plan of 4 tokens over 2 layers, [1x1, 2x2, 3x3]",
        BudgetPlan.uniform(SMALL, 2, 4).toString());
  }

  private static List<Integer> tokens(BudgetPlan plan, int scale) {
    return IntStream.range(0, plan.layers()).mapToObj(l -> plan.tokens(scale, l)).toList();
  }
}
