package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The plan against sums by hand, a clock that ticks, and what no schedule can beat. */
final class ClusterPlanTest {
  @Test
  void byHand() {
    ClusterPlan plan = new ClusterPlan(1, List.of(2.0, 2.0, 2.0), List.of(5.0, 1.0, 4.0));
    ClusterPlan.Played one = plan.on(1);
    assertEquals(17, one.wallSeconds());
    assertEquals(7, one.referencesSeconds());
    assertEquals(16.0 / 17, one.busy());
    // two machines: batches end at 3, 3 and 5; cells 5..10, 5..6 and 6..10
    ClusterPlan.Played two = plan.on(2);
    assertEquals(5, two.referencesSeconds());
    assertEquals(10, two.wallSeconds());
    // nine machines: three load for the batches, and do all the cells too
    assertEquals(8, plan.on(9).wallSeconds());
    assertEquals(8, plan.on(9).floorSeconds());
    assertThrows(IllegalArgumentException.class, () -> plan.on(0));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void asAClockThatTicks(long seed) {
    Random random = new Random(seed);
    List<Double> batches = whole(random, random.nextInt(12));
    List<Double> cells = whole(random, 1 + random.nextInt(12));
    int load = random.nextInt(4);
    ClusterPlan plan = new ClusterPlan(load, batches, cells);
    double work = Collections.max(cells);
    for (int machines = 1; machines <= 8; machines++) {
      ClusterPlan.Played played = plan.on(machines);
      assertEquals(ticked(load, batches, cells, machines), played.wallSeconds(), "on " + machines);
      assertTrue(played.busy() <= 1);
      assertTrue(played.wallSeconds() >= work);
    }
  }

  private static List<Double> whole(Random random, int n) {
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      seconds.add((double) (1 + random.nextInt(9)));
    }
    return seconds;
  }

  /** Second by second: whoever has nothing to do takes the next task of the phase. */
  private static double ticked(int load, List<Double> batches, List<Double> cells, int machines) {
    int[] left = new int[machines];
    boolean[] loaded = new boolean[machines];
    int now = 0;
    for (List<Double> phase : List.of(batches, cells)) {
      int next = 0;
      while (true) {
        boolean idle = true;
        for (int m = 0; m < machines; m++) {
          if (left[m] == 0 && next < phase.size()) {
            left[m] = phase.get(next++).intValue() + (loaded[m] ? 0 : load);
            loaded[m] = true;
          }
          idle &= left[m] == 0;
        }
        if (idle) {
          break;
        }
        for (int m = 0; m < machines; m++) {
          left[m] = Math.max(0, left[m] - 1);
        }
        now++;
      }
    }
    return now;
  }
}
