package io.scalekv.cache.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The figures of {@code docs/policies.md}: tokens that each policy retains under attention made by
 * formula, with pocket's maps and shipped calibration. {@code mvn test -Dtest=PolicyFiguresTest
 * -Dscalekv.docs=write} writes them.
 */
final class PolicyFiguresTest {
  private static final int[] SIDES = {1, 2, 4, 6, 8, 12, 16};
  private static final int MAP = 5; // the last that is stored
  private static final int DRAFTER = 3;
  private static final int REFINER = 6;
  private static final int CELL = 7;
  private static final int GAP = 9;
  private static final String[] SHADES = {"#e8e8e8", "#bdd7e7", "#6baed6", "#3182bd", "#08306b"};

  private static final Calibration CALIBRATION = CalibrationFile.shipped("pocket").orElseThrow();
  private static final RandomGeneration ATTENTION = attention();

  static Stream<String> policies() {
    Set<String> others =
        ServiceLoader.load(PolicyKind.class).stream()
            .map(p -> p.get().name())
            .collect(Collectors.toSet());
    return Policies.all().stream().map(PolicyKind::name).filter(n -> !others.contains(n));
  }

  @ParameterizedTest
  @MethodSource("policies")
  void figureShowsWhatIsRetained(String name) throws IOException {
    Path file = Path.of("docs/figures/policies", name + ".svg");
    String wanted = figure(name);
    if ("write".equals(System.getProperty("scalekv.docs"))) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, wanted);
    }
    assertEquals(wanted, Files.readString(file), file.toString());
  }

  private static String figure(String name) {
    ScaleSchedule schedule = ATTENTION.schedule();
    String spec = name.equals("one-layer") ? "one-layer:layer=" + REFINER : name;
    int budget = (int) Math.round(0.1 * schedule.historyTokens());
    CachePolicy policy = null;
    while (policy == null) {
      try {
        policy = policy(spec, budget);
      } catch (BudgetTooSmallException e) {
        budget++;
      }
    }
    int[][][][] positions = ATTENTION.run(policy).positions()[MAP];
    int width = GAP + strip() + 4 * GAP + strip() + GAP;
    int height = 2 * GAP + 12 * CELL + 20;
    StringBuilder s = new StringBuilder();
    s.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" \
        font-family="DejaVu Sans, Arial, sans-serif" font-size="11">
        <title>Tokens that %s retains at %d tokens per layer and head</title>
        <rect width="%d" height="%d" fill="#fff"/>
        """
            .formatted(width, height, width, height, spec, budget, width, height));
    layer(s, positions[DRAFTER][0], GAP, "layer 3 (drafter), %d tokens a head");
    layer(s, positions[REFINER][0], 5 * GAP + strip(), "layer 6 (refiner), %d tokens a head");
    return s.append("</svg>\n").toString();
  }

  private static CachePolicy policy(String spec, int budget) {
    return Policies.create(
        PolicySpec.parse(spec),
        new PolicyContext(
            ATTENTION.schedule(),
            new Geometry(ATTENTION.layers(), ATTENTION.heads(), RandomGeneration.WIDTH),
            budget,
            0,
            CALIBRATION.forPolicies(
                ATTENTION.schedule(), ATTENTION.layers(), ATTENTION.heads(), budget)));
  }

  /** Width of the stored maps side by side. */
  private static int strip() {
    int width = -GAP;
    for (int k = 0; k <= MAP; k++) {
      width += SIDES[k] * CELL + GAP;
    }
    return width;
  }

  private static void layer(StringBuilder s, int[][] heads, int left, String label) {
    int[] kept = new int[ATTENTION.schedule().tokensBefore(MAP + 1)];
    int tokens = 0;
    for (int[] head : heads) {
      tokens += head.length;
      for (int position : head) {
        kept[position]++;
      }
    }
    int bottom = GAP + SIDES[MAP] * CELL;
    for (int shade = 0; shade < SHADES.length; shade++) {
      StringBuilder path = new StringBuilder();
      int x0 = left;
      int token = 0;
      for (int k = 0; k <= MAP; k++) {
        for (int i = 0; i < SIDES[k] * SIDES[k]; i++, token++) {
          if (kept[token] == shade) {
            int x = x0 + i % SIDES[k] * CELL;
            int y = bottom - (SIDES[k] - i / SIDES[k]) * CELL;
            path.append("M%d %dh6v6h-6z".formatted(x, y));
          }
        }
        x0 += SIDES[k] * CELL + GAP;
      }
      s.append("<path fill=\"%s\" d=\"%s\"/>%n".formatted(SHADES[shade], path));
    }
    s.append("<text x=\"%d\" y=\"%d\" fill=\"#222\">".formatted(left, bottom + 18))
        .append(label.formatted(Math.round((float) tokens / heads.length)))
        .append("</text>\n");
  }

  /**
   * Heads that attend to a disc, to their neighbourhood, to both and to the first token, as keys
   * (disc, first token, cosine and sine of both axes, noise) and the weights of the queries.
   */
  private static RandomGeneration attention() {
    ScaleSchedule schedule =
        new ScaleSchedule(Stream.of(1, 2, 4, 6, 8, 12, 16).map(n -> new TokenMap(n, n)).toList());
    RandomGeneration g =
        RandomGeneration.of(schedule, 12, 4, 1, new SplittableRandom(1)); // values and noise
    double[] disc = {3, 1, 2, 1};
    double[] first = {0.5, 0.5, 0.5, 3};
    double[] near = {1, 3, 2, 1};
    for (int k = 0; k < SIDES.length; k++) {
      int n = SIDES[k];
      for (float[][] layer : g.input()[k]) {
        for (int i = 0; i < 4 * n * n; i++) {
          int head = i / (n * n);
          double x = (i % n + 0.5) / n;
          double y = (i / n % n + 0.5) / n;
          double noise = 0.3 * layer[1][8 * i + 6];
          List<Double> axes =
              Stream.of(
                      Math.cos(Math.PI * x),
                      Math.sin(Math.PI * x),
                      Math.cos(Math.PI * y),
                      Math.sin(Math.PI * y))
                  .toList();
          boolean within = Math.hypot(x - 0.35, y - 0.45) < 0.22;
          set(layer[0], i, disc[head], first[head], axes, near[head], 1, 0);
          set(layer[1], i, within ? 1 : 0, k == 0 ? 1 : 0, axes, 1, noise, 0);
          System.arraycopy(layer[0], 8 * i, layer[3], 8 * i, 8);
        }
      }
    }
    return g;
  }

  private static void set(
      float[] x,
      int token,
      double a,
      double b,
      List<Double> axes,
      double factor,
      double c,
      double d) {
    float[] all = {
      (float) a,
      (float) b,
      (float) (factor * axes.get(0)),
      (float) (factor * axes.get(1)),
      (float) (factor * axes.get(2)),
      (float) (factor * axes.get(3)),
      (float) c,
      (float) d
    };
    System.arraycopy(all, 0, x, 8 * token, 8);
  }
}
