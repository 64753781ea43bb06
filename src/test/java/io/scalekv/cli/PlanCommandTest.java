package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The plan of table 1 at the paper's size, from the cells that were measured on pocket. */
final class PlanCommandTest {
  private static final String MEASURED = "results/paper/pocket/table1";

  private static Said plan(Object... more) {
    List<Object> words = new ArrayList<>(List.of("plan", MEASURED));
    words.addAll(List.of("--model", "infinity-2b"));
    words.addAll(List.of(more));
    return Said.of(words.toArray());
  }

  @Test
  void thePageOnClustersShowsWhatTheCommandSays() throws IOException {
    Said said = plan("--image-seconds", 1);
    assertEquals(0, said.code(), said.err());
    String page = Files.readString(Path.of("docs", "clusters.md"));
    String shown =
        said.out()
            .lines()
            .map(l -> l.isBlank() ? "" : "    " + l)
            .collect(Collectors.joining("\n"));
    assertTrue(page.contains(shown.stripTrailing()), () -> "docs/clusters.md shows\n" + said.out());
  }

  @Test
  void timesGrowInProportionAndMoreMachinesAreNeverSlower() {
    Said one = plan("--image-seconds", 1, "--load-seconds", 0, "--machines", "1,3,9", "--json");
    Said two = plan("--image-seconds", 2, "--load-seconds", 0, "--machines", "1,3,9", "--json");
    double before = Double.POSITIVE_INFINITY;
    for (int i = 0; i < 3; i++) {
      double seconds = seconds(one, i);
      assertEquals(2 * seconds, seconds(two, i), 1e-6 * seconds);
      assertTrue(seconds < before, seconds + " s");
      before = seconds;
    }
  }

  private static double seconds(Said said, int i) {
    assertEquals(0, said.code(), said.err());
    return said.json().path("played").path(i).path("wallSeconds").asDouble();
  }

  @Test
  void badInputIsOneLine() {
    for (Said said :
        List.of(
            plan("--image-seconds", 0),
            plan("--image-seconds", 1, "--policies", "none"),
            plan("--image-seconds", 1, "--images", 0))) {
      assertEquals(Failure.BAD_INPUT, said.code());
      assertEquals(1, said.err().lines().count(), said.err());
    }
  }
}
