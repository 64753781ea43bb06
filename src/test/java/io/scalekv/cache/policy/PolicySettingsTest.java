package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.ScaleSchedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicySettingsTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4);

  private static CachePolicy policy(String spec, boolean[][] drafters) {
    PolicyCalibration calibration = new PolicyCalibration(drafters, null, null, null);
    return Policies.create(
        PolicySpec.parse(spec), new PolicyContext(SCHEDULE, 2, 3, 6, 1, calibration));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "random:seed=3 | policy random: no settings expected, got seed",
        "h2o:recent=first | policy h2o: recent: last or grid expected, got first",
        "snapkv:kernel=4 | policy snapkv: kernel: an odd number expected, got 4",
        "snapkv:pool=3d | policy snapkv: pool: 1d-cache or 1d-map or 2d-map or 1d-cache-max expected, got 3d",
        "pyramidkv:beta=0 | policy pyramidkv: beta: 1 to 1000 expected, got 0",
        "scalekv:allocation=even"
            + " | policy scalekv: allocation: released, paper or paper:START:DECAY expected, got even",
        "scalekv:drafters=1@3+2@1"
            + " | policy scalekv: drafters: layer@scale below 2@4 joined by + expected, got 2@1",
        "scalekv:drafters=1"
            + " | policy scalekv: drafters: layer@scale below 2@4 joined by + expected, got 1",
        "scalekv-released:pool=mean"
            + " | policy scalekv-released: pool: max or avg expected, got mean"
      })
  void mistakesAreTold(String spec, String message) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> policy(spec, new boolean[2][SCHEDULE.scales()]));
    assertEquals(message, e.getMessage());
  }

  @Test
  void rolesAreNeededForAllLayers() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> policy("scalekv", null));
    assertEquals(
        "policy scalekv: a calibration with drafters and refiners expected, got none; calibrate makes"
            + " one for --roles",
        e.getMessage());
    e =
        assertThrows(
            IllegalArgumentException.class, () -> policy("scalekv-released", new boolean[3][4]));
    assertEquals("policy scalekv-released: roles of 2 layers expected, got 3", e.getMessage());
  }

  @Test
  void namesTellTheSettings() {
    assertEquals("snapkv:w=4,window=grid", policy("snapkv:window=grid,w=4", null).name());
    boolean[][] drafters = {{false, false, false, true}, new boolean[4]};
    CachePolicy paper = policy("scalekv:allocation=paper", drafters);
    assertEquals("scalekv:allocation=paper", paper.name());
    assertEquals(6, paper.plan().budget());
    assertEquals(6, paper.plan().mean(3));
    assertEquals(6, paper.plan().tokens(3, 1), "0.92 of six, rounded");
    boolean[][] released = {{false, false, false, true}, new boolean[4]};
    assertEquals(10, policy("scalekv", released).plan().tokens(3, 0));
  }

  @Test
  void draftersByHandNeedNoCalibration() {
    boolean[][] drafters = {{false, false, false, true}, new boolean[4]};
    assertEquals(policy("scalekv", drafters).plan(), policy("scalekv:drafters=0@3", null).plan());
    assertEquals(
        policy("scalekv", new boolean[2][4]).plan(), policy("scalekv:drafters=none", null).plan());
  }
}
