package io.scalekv.vocabtrim.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.pair.ModelPair;
import io.scalekv.vocabtrim.pair.ShippedPair;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole experiments on the shipped pair, small. */
final class TrimExperimentTest {
  private static final String SPEC =
      """
      name: tiny
      title: Tiny
      domains: [writing]
      prompts: 2
      promptTokens: 6
      newTokens: 16
      temperatures: [0, 1]
      gammas: [3, 2]
      sizes: [64, 128, 256, 512, 1024, 2048, 4096]
      calibrations:
        - {source: target, texts: [2]}
      loop: {sizes: [64, 128, 256, 512, 1024, 2048, 4096, 8192], prompts: 2, repetitions: 1}
      """;

  @TempDir Path folder;

  private Path spec(String text) throws IOException {
    return Files.writeString(folder.resolve("spec.yaml"), text);
  }

  /** Measures the real loop at eight sizes; finished runs are not repeated. */
  @Test
  void theRealLoopAgreesAtEightSizesAndFinishedRunsAreReused() throws IOException {
    TrimSpec spec = TrimSpec.read(spec(SPEC));
    List<String> log = new ArrayList<>();
    List<TrimResult> first;
    List<TrimResult> second;
    try (ModelPair pair = ShippedPair.open()) {
      first = new TrimExperiment(pair, spec, 1, log::add).run(folder);
      second = new TrimExperiment(pair, spec, 1, log::add).run(folder);
    }
    assertEquals(first, second);
    assertEquals(2, log.stream().filter(l -> l.endsWith(": already done")).count());
    TrimResult greedy = first.get(0);
    assertEquals(9, greedy.loops().size());
    for (TrimResult.Loop l : greedy.loops()) {
      assertEquals(l.replayed(), l.tau(), 1e-12, "k " + l.k());
      assertTrue(l.tokensPerSecond() > 0);
    }
    for (TrimResult r : first) {
      for (TrimResult.Curve c : r.curves()) {
        double most = c.points().get(c.best()).mbsu().mean();
        for (TrimResult.Point p : c.points()) {
          assertTrue(p.tau().mean() >= 1 && p.tau().mean() <= c.gamma() + 1);
          assertTrue(p.mbsu().mean() <= most);
          assertEquals(c.gamma(), p.acceptance().size(), "each place was reached");
        }
      }
      for (int i = 1; i < r.coverage().size(); i++) {
        assertTrue(r.coverage().get(i) >= r.coverage().get(i - 1));
      }
      assertEquals(1, r.coverage().get(r.coverage().size() - 1), 1e-12);
    }
    try (Stream<Path> files = Files.walk(folder.resolve("runs"), new FileVisitOption[0])) {
      assertEquals(2, files.filter(Files::isRegularFile).count());
    }
  }

  @Test
  void wrongKeysAndValuesAreOneLine() throws IOException {
    String[][] wrong = {
      {"newTokens: 16", "newToken: 16", "did you mean newTokens?"},
      {"source: target", "source: targets", "/calibrations/0/source"},
      {"prompts: 2\n", "prompts: many\n", "/prompts"},
    };
    for (String[] w : wrong) {
      Path file = spec(SPEC.replaceFirst(w[0], w[1]));
      String message =
          assertThrows(IllegalArgumentException.class, () -> TrimSpec.read(file)).getMessage();
      assertTrue(message.startsWith(file.toString()) && message.contains(w[2]), message);
      assertEquals(1, message.lines().count());
    }
  }

  @Test
  void theShippedExperimentsCanBeRead() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("experiments", "vocabtrim"))) {
      List<Path> all = files.toList();
      assertEquals(8, all.size());
      for (Path file : all) {
        TrimSpec spec = TrimSpec.read(file);
        assertTrue(file.endsWith(spec.name() + ".yaml"), spec.name());
      }
    }
  }
}
