package io.scalekv.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import io.scalekv.roles.CalibratedModel;
import io.scalekv.roles.LayerScale;
import io.scalekv.roles.RoleAssignment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two sources against numbers worked out by hand or the slow way. */
final class RoleAgreementTest {
  private static final CalibratedModel MODEL =
      new CalibratedModel("m", "unknown", 3, 2, ScaleSchedule.ofSides(1, 2, 3));

  private static RoleSource source(double[][] tokens, double[][] z, LayerScale... drafters) {
    return new RoleSource("s", MODEL, RoleAssignment.of(3, 3, List.of(drafters)), z, 3, tokens);
  }

  @Test
  void sharesOfTheSameTokensAreCommon() {
    RoleSource a = source(new double[][] {{0, 0, 0}, {1, 1, 1}, {6, 2, 1}}, null);
    RoleSource b = source(new double[][] {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}}, null);
    RoleAgreement r = RoleAgreement.of(a, b);
    assertEquals(2, r.firstScale());
    assertEquals(1, r.scales().size());
    assertEquals((3 + 2 + 1) / 9.0, r.scales().get(0).commonTokens(), 1e-12);
    assertTrue(Double.isNaN(r.scales().get(0).tokensSpearman()), "one side is constant");
    assertEquals(1, RoleAgreement.of(a, a).all().commonTokens(), 1e-12);
    assertEquals(1, RoleAgreement.of(a, a).all().tokensSpearman(), 1e-12);
    assertTrue(Double.isNaN(r.all().zSpearman()));
  }

  @Test
  void rolesAndZCountOnlyWhereACacheIsCut() {
    double nan = Double.NaN;
    double[][] tokens = {{0, 0, 0}, {1, 1, 1}, {3, 3, 3}};
    RoleSource a =
        source(
            tokens,
            new double[][] {{nan, 5, 1}, {nan, 4, 2}, {nan, 3, 3}},
            new LayerScale(0, 2),
            new LayerScale(1, 1));
    RoleSource b =
        source(
            tokens,
            new double[][] {{nan, 1, 1}, {nan, 2, 3}, {nan, 3, 2}},
            new LayerScale(0, 2),
            new LayerScale(1, 2));
    RoleAgreement.OfScales all = RoleAgreement.of(a, b).all();
    assertEquals(1, all.draftersA());
    assertEquals(2, all.draftersB());
    assertEquals(0.5, all.jaccard());
    assertEquals(0.5, all.zSpearman(), 1e-12);
    assertEquals(2, RoleAgreement.of(a, b).changes().rows().size());
  }

  /** 3 layers that hold 6 + 2 + 1 and 2 + 2 + 5 tokens of 14 and 14 at the last two scales. */
  @Test
  void everyCutScaleAndAllOfThemTogether() {
    CalibratedModel deeper =
        new CalibratedModel("m", "unknown", 3, 2, ScaleSchedule.ofSides(1, 2, 3, 4));
    double[][] x = {{0, 0, 0}, {1, 1, 1}, {3, 2, 1}, {6, 2, 1}};
    double[][] y = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {1, 2, 6}};
    RoleAssignment roles =
        RoleAssignment.of(
            3, 4, List.of(new LayerScale(0, 2), new LayerScale(1, 3), new LayerScale(2, 1)));
    RoleSource a = new RoleSource("a", deeper, roles, null, 3, x);
    RoleAgreement r = RoleAgreement.of(a, new RoleSource("b", deeper, null, null, 3, y));
    assertEquals(List.of(3, 4), r.scales().stream().map(RoleAgreement.OfScales::scale).toList());
    assertNull(r.all().scale());
    assertEquals(2, r.all().draftersA());
    assertNull(r.all().draftersB());
    assertNull(r.all().jaccard());
    double second = (1 + 1 + 0.5) / 3;
    double third = (1 + 2 + 1) / 9.0;
    assertEquals(second, r.scales().get(0).commonTokens(), 1e-12);
    assertEquals(third, r.scales().get(1).commonTokens(), 1e-12);
    assertEquals((second + third) / 2, r.all().commonTokens(), 1e-12);
    assertEquals(-1, r.scales().get(1).tokensSpearman(), 1e-12);
    RoleAgreement same = RoleAgreement.of(a, a);
    assertEquals(2, same.all().draftersA());
    assertEquals(1, same.scales().get(1).draftersA());
    assertEquals(1, same.all().adjustedRand(), 1e-12);
  }

  @Test
  void otherModelsAreRefused() {
    RoleSource a = source(new double[][] {{0, 0, 0}, {1, 1, 1}, {3, 3, 3}}, null);
    RoleSource other =
        new RoleSource(
            "o",
            new CalibratedModel("m", "unknown", 4, 2, MODEL.schedule()),
            null,
            null,
            3,
            new double[][] {{0, 0, 0, 0}, {1, 1, 1, 1}, {3, 3, 3, 3}});
    String message =
        assertThrows(IllegalArgumentException.class, () -> RoleAgreement.of(a, other)).getMessage();
    assertTrue(message.contains("m with 3 layers and m with 4"), message);
  }
}
