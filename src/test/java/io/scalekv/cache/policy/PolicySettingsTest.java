package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicySettingsTest {
  private static final ScaleSchedule SCHEDULE = ScaleSchedule.ofSides(1, 2, 3, 4);

  private static CachePolicy policy(String spec, boolean[][] drafters) {
    PolicyCalibration calibration = PolicyCalibration.NONE.with(PolicyCalibration.ROLES, drafters);
    return Policies.create(
        PolicySpec.parse(spec),
        new PolicyContext(SCHEDULE, new Geometry(2, 3, 1), 6, 1, calibration));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "random:seed=3 | seed",
        "h2o:recent=first | recent | first",
        "snapkv:kernel=4 | kernel | 4",
        "snapkv:w=x | w | x",
        "snapkv:pool=3d | pool | 3d",
        "pyramidkv:beta=0 | beta | 0",
        "hack:alpha=1.5 | alpha | 1.5",
        "heatkv:strict=maybe | strict | maybe",
        "streaming-llm:sinks=scales:x | sinks | scales:x",
        "scalekv:allocation=even | allocation | even",
        "scalekv:drafters=1@4+2@2 | drafters | 2@2",
        "scalekv:drafters=1@1 | drafters | 1@1",
        "scalekv:drafters=1 | drafters | 1",
        "scalekv-released:pool=mean | pool | mean"
      })
  void wrongSettingsAreNamed(String line) {
    String[] parts = line.split(" \\| ");
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> policy(parts[0], new boolean[2][SCHEDULE.scales()]));
    for (String part : parts) {
      String named = part.replaceAll(":.*=.*", "");
      assertTrue(e.getMessage().contains(named), e.getMessage() + " names " + named);
    }
  }

  @Test
  void neededPartsAreRequired() {
    for (PolicyKind kind : Policies.all()) {
      PolicySpec spec = PolicySpec.parse(kind.name());
      assertEquals(kind.needs(), Policies.needs(spec));
      if (!kind.needs().isEmpty()) {
        Exception e = assertThrows(IllegalArgumentException.class, () -> policy(kind.name(), null));
        assertTrue(e.getMessage().contains(kind.needs().iterator().next()), e.getMessage());
      }
    }
    assertEquals(
        Set.of(PolicyCalibration.ERROR_CURVES), Policies.needs(PolicySpec.parse("error-curve")));
    assertEquals(
        Set.of(), Policies.needs(PolicySpec.parse("error-curve:allocation=uniform,prior=0")));
    assertEquals(Set.of(), Policies.needs(PolicySpec.parse("scalekv:drafters=none")));
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> policy("scalekv-released", new boolean[3][4]));
    assertTrue(e.getMessage().endsWith("got 3"), e.getMessage());
  }

  @Test
  void everySettingStatesItsDefaultOnce() {
    for (PolicyKind kind : Policies.all()) {
      for (Setting<?> setting : kind.settings()) {
        PolicySpec typed =
            PolicySpec.parse(kind.name() + ":" + setting.name() + "=" + setting.otherwise());
        assertEquals(
            setting.of(PolicySpec.parse(kind.name())).getClass(), setting.of(typed).getClass());
        assertTrue(!setting.meaning().isEmpty() && !setting.range().isEmpty());
      }
    }
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
    assertEquals(policy("scalekv", drafters).plan(), policy("scalekv:drafters=0@4", null).plan());
    assertEquals(
        policy("scalekv", new boolean[2][4]).plan(), policy("scalekv:drafters=none", null).plan());
  }

  @Test
  void policiesOfOtherProjectsAreFound() {
    assertEquals("key-norm", Policies.kind("key-norm").name());
    assertEquals("key-norm:largest=true", policy("key-norm:largest=true", null).name());
    assertEquals("hack:rho=0.3 (from notes)", Policies.label(PolicySpec.parse("hack:rho=0.3")));
  }
}
