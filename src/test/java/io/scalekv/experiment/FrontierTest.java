package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.CacheType;
import io.scalekv.io.CanonicalJson;
import io.scalekv.metrics.Interval;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frontiers against their definition. */
final class FrontierTest {
  @TempDir Path folder;

  private static Frontier.Point point(long bytes, Double psnr) {
    Run.Policy policy =
        new Run.Policy("h2o", "10%", 27, null, null, CacheType.FP32, CacheType.FP32, null);
    double v = psnr == null ? Double.NaN : psnr;
    Interval e = new Interval(v, v, v, psnr == null ? 0 : 4, psnr == null ? 4 : 0);
    return new Frontier.Point("h2o at 10%", "c", policy, bytes, bytes, e, Map.of("psnr", e));
  }

  private static List<Frontier.Point> sorted(List<Frontier.Point> points) {
    List<Frontier.Point> sorted = new ArrayList<>(points);
    sorted.sort(
        Comparator.comparingLong(Frontier.Point::bytes)
            .thenComparing(Comparator.comparingDouble(Frontier.Point::psnrDb).reversed()));
    return sorted;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noSettingBeatsOneOfTheFrontier(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Frontier.Point> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      all.add(point(1 + random.nextInt(20), 20.0 + random.nextInt(15)));
    }
    List<Frontier.Point> best = Frontier.best(sorted(all));
    for (Frontier.Point p : all) {
      boolean beaten =
          all.stream()
              .anyMatch(
                  q ->
                      q.bytes() <= p.bytes()
                          && q.psnrDb() >= p.psnrDb()
                          && (q.bytes() < p.bytes() || q.psnrDb() > p.psnrDb()));
      boolean there =
          best.stream().anyMatch(q -> q.bytes() == p.bytes() && q.psnrDb() == p.psnrDb());
      assertEquals(!beaten, there, p::toString);
    }
    for (int i = 1; i < best.size(); i++) {
      assertTrue(best.get(i).bytes() > best.get(i - 1).bytes());
      assertTrue(best.get(i).psnrDb() > best.get(i - 1).psnrDb());
    }
  }

  @Test
  void identicalImagesAreBest() {
    List<Frontier.Point> best =
        Frontier.best(sorted(List.of(point(5, null), point(9, 50.0), point(2, 30.0))));
    assertEquals(List.of(2L, 5L), best.stream().map(Frontier.Point::bytes).toList());
  }

  private static Frontier frontier(List<Frontier.Point> points) {
    return new Frontier(
        Frontier.SCHEMA_VERSION,
        "e",
        "a".repeat(64),
        new Run.Model("pocket", "random:1", "fp32"),
        List.of("1x1", "2x2"),
        3,
        new Run.Prompts("b".repeat(64), 4, 1, 0),
        9,
        points);
  }

  @Test
  void filesComeBack() throws IOException {
    Frontier f = frontier(List.of(point(10, 20.0), point(20, null)));
    Path file = folder.resolve("frontier.json");
    Files.writeString(file, CanonicalJson.of(f));
    assertEquals(f, Frontier.read(file));
    Files.writeString(
        file, CanonicalJson.of(f).replace("\"schemaVersion\": 2", "\"schemaVersion\": 1"));
    String message =
        assertThrows(IllegalArgumentException.class, () -> Frontier.read(file)).getMessage();
    assertTrue(message.endsWith("got 1"), message);
  }

  /** Bytes of a batch are shared by its images, rounded up. */
  @Test
  void bytesAreThoseOfAnImage() throws IOException {
    Path confirm = Path.of("src/test/resources/io/scalekv/experiment/confirm");
    List<Frontier.Point> all = Frontier.settings(Results.read(confirm));
    Frontier.Point heatKv =
        all.stream().filter(p -> p.label().equals("heatkv at 10%")).findFirst().orElseThrow();
    assertEquals(10_256_384 / 16, heatKv.bytes());
    Frontier f = Frontier.of(Results.read(confirm));
    assertEquals(24, f.candidates());
    assertEquals(Frontier.best(all), f.best());
    Set<String> series = f.best().stream().map(Frontier.Point::series).collect(Collectors.toSet());
    assertEquals(
        all.stream().filter(p -> series.contains(p.series())).toList(),
        f.points(),
        "every measured budget of a series on the frontier");
    assertTrue(f.points().size() > f.best().size());
    assertTrue(f.points().stream().noneMatch(p -> p.policy().name().startsWith("scalekv")));
    assertTrue(f.points().stream().anyMatch(p -> p.label().equals("heatkv at 10%")));
  }
}
