package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.profile.LayerStatistic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** The command {@code profile} as users type it, on the shipped model. */
final class ProfileCommandTest {
  private static final Path PROMPTS = Path.of("calibration-prompts", "scenes-10.txt");

  @TempDir Path folder;

  @Test
  void writesTheAtlas() throws IOException {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    Said said = Said.of("profile", "--prompts", PROMPTS, "--limit", 2, "--out", a, "--json", "-q");
    assertEquals(0, said.code(), said.err());
    assertEquals("", said.err());
    JsonNode report = said.json();
    assertEquals(2, report.get("images").asInt());
    long measured = Stream.of(LayerStatistic.values()).filter(m -> !m.needsBudget()).count();
    assertEquals(measured, report.get("statistics").size());
    List<Path> written = new ArrayList<>();
    report.get("files").forEach(f -> written.add(Path.of(f.asString())));
    try (Stream<Path> files = Files.list(a)) {
      assertEquals(written.stream().sorted().toList(), files.sorted().toList());
    }
    for (Path file : written) {
      assertTrue(Files.size(file) > 1000, file.toString());
    }
    features(Files.readAllLines(a.resolve("statistics.csv")));
    sourceMass(Files.readAllLines(a.resolve("source-mass.csv")));

    Said again = Said.of("profile", "--prompts", PROMPTS, "--limit", 2, "--out", b, "-q");
    assertEquals(0, again.code(), again.err());
    for (Path file : written) {
      Path other = b.resolve(file.getFileName());
      assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(other), file.toString());
      assertTrue(again.out().contains(other.toString()), again.out());
    }
  }

  /** 12 layers by 7 scales; what needs a history is undefined at the first scale alone. */
  private static void features(List<String> lines) {
    assertEquals("layer,scale,map,statistic,unit,value,mean,variance,low,high,n", lines.get(0));
    Map<String, Integer> count = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] c = line.split(",");
      count.merge(c[3], 1, Integer::sum);
      double mean = Double.parseDouble(c[6]);
      assertTrue(Double.parseDouble(c[8]) <= mean && mean <= Double.parseDouble(c[9]), line);
      assertEquals("2", c[10], line);
    }
    for (LayerStatistic feature : LayerStatistic.values()) {
      int defined = count.getOrDefault(feature.cliName(), 0);
      assertTrue(
          feature.needsBudget() ? defined == 0 : defined == 84 || defined == 72,
          feature + " " + defined);
    }
    assertEquals(72, count.get("asi"));
    assertEquals(84, count.get("branch-drift"));
  }

  private static void sourceMass(List<String> lines) {
    Map<String, Double> sums = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] c = line.split(",");
      sums.merge(c[0] + " " + c[1] + " " + c[2], Double.parseDouble(c[5]), Double::sum);
    }
    assertEquals(2 * 12 * 7, sums.size());
    sums.forEach((place, sum) -> assertEquals(1, sum, 1e-5, place));
  }

  /** The images of a batch are drawn from the seeds they have alone. */
  @Test
  void theBatchChangesNothingButRounding() throws IOException {
    List<List<String>> features = new ArrayList<>();
    for (int batch : List.of(1, 2, 3)) {
      Path out = folder.resolve("batch" + batch);
      Said said =
          Said.of("profile", "--prompts", PROMPTS, "--limit", 3, "--batch", batch, "--out", out);
      assertEquals(0, said.code(), said.err());
      features.add(Files.readAllLines(out.resolve("statistics-by-prompt.csv")));
    }
    for (List<String> lines : features.subList(1, 3)) {
      assertEquals(features.get(0).size(), lines.size());
      for (int i = 1; i < lines.size(); i++) {
        String[] alone = features.get(0).get(i).split(",");
        String[] together = lines.get(i).split(",");
        assertArrayEquals(Arrays.copyOf(alone, 5), Arrays.copyOf(together, 5));
        double value = Double.parseDouble(alone[5]);
        assertEquals(value, Double.parseDouble(together[5]), 1e-4 * (1 + value), lines.get(i));
      }
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(
            "got many", List.of("--prompts", PROMPTS, "--out", "OUT", "--query-samples", "many")),
        Arguments.of("got 0", List.of("--prompts", PROMPTS, "--out", "OUT", "--query-samples", 0)),
        Arguments.of("--batch", List.of("--prompts", PROMPTS, "--out", "OUT", "--batch", 0)),
        Arguments.of("missing.txt", List.of("--prompts", "missing.txt", "--out", "OUT")),
        Arguments.of("nobody", List.of("--prompt", "nobody knows", "--out", "OUT")));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void refusesInOneLine(String part, List<Object> words) throws IOException {
    List<Object> all = new ArrayList<>(List.of("profile"));
    words.forEach(w -> all.add(w.equals("OUT") ? folder.resolve("out") : w));
    Said said = Said.of(all.toArray());
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
    assertEquals("", said.out());
    try (Stream<Path> left = Files.walk(folder)) {
      assertEquals(0, left.filter(Files::isRegularFile).count());
    }
  }
}
