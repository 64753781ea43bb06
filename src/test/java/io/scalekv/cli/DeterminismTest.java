package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Psnr;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a second process draws from the same words. The same command leaves the same bytes; another
 * number of threads, another batch or another processor may round otherwise, and a bit of a token
 * map that lay on the edge then falls the other way.
 */
final class DeterminismTest {
  private static final int IMAGES = 4;
  private static final double LEAST = 0.99;
  private static final double LEAST_DB_OF_BF16 = 35;

  /** Instructions of an older processor: what libtorch and its libraries choose their code by. */
  private static final Map<String, String> OTHER_PROCESSOR =
      Map.of(
          "ATEN_CPU_CAPABILITY",
          "default",
          "ONEDNN_MAX_CPU_ISA",
          "SSE41",
          "MKL_ENABLE_INSTRUCTIONS",
          "SSE4_2");

  @TempDir Path folder;

  private Path draw(String name, Map<String, String> environment, Object... more) throws Exception {
    Path out = folder.resolve(name);
    List<Object> words = new ArrayList<>(List.of("generate", "--quiet", "--out", out));
    words.addAll(List.of(more));
    JavaCommand command = JavaCommand.of(folder, words.toArray());
    List<String> env = new ArrayList<>(List.of("env"));
    environment.forEach((key, value) -> env.add(key + "=" + value));
    JavaCommand.Ended ended = command.behind(env.toArray(String[]::new)).run();
    assertEquals(0, ended.code(), ended.err());
    return out;
  }

  private Path pocket(String name, Map<String, String> environment, Object... more)
      throws Exception {
    List<Object> words =
        new ArrayList<>(
            List.of(
                "--prompts",
                Path.of("calibration-prompts", "scenes-heldout-512.txt"),
                "--limit",
                IMAGES));
    words.addAll(List.of(more));
    return draw(name, environment, words.toArray());
  }

  /** Share of the colour values of all images that are within one step of those of another run. */
  private static double same(Path a, Path b) throws Exception {
    long within = 0;
    long all = 0;
    for (int p = 0; p < IMAGES; p++) {
      RgbImage x = Png.read(image(a, p));
      RgbImage y = Png.read(image(b, p));
      for (int i = 0; i < x.rgb().length; i++) {
        within += Math.abs((x.rgb()[i] & 255) - (y.rgb()[i] & 255)) <= 1 ? 1 : 0;
        all++;
      }
    }
    return (double) within / all;
  }

  private static Path image(Path folder, int prompt) {
    return folder.resolve(String.format(Locale.ROOT, "p%04d-s0.png", prompt));
  }

  @Test
  void theSameCommandLeavesTheSameBytes() throws Exception {
    TinyExperiment.writeModel(folder);
    Object[] words = {
      "--model",
      folder.resolve("model"),
      "--random-weights",
      3,
      "--prompts",
      folder.resolve("prompts.txt"),
      "--limit",
      3
    };
    assertEquals(
        RunContents.of(draw("a", Map.of(), words)), RunContents.of(draw("b", Map.of(), words)));
  }

  @Test
  @Tag("full")
  void whatMayDifferDiffersByLittle() throws Exception {
    Path one = pocket("one", Map.of());
    assertEquals(RunContents.of(one), RunContents.of(pocket("again", Map.of())));
    Path two = pocket("two", Map.of(), "--threads", 2);
    assertEquals(
        RunContents.of(two), RunContents.of(pocket("two-again", Map.of(), "--threads", 2)));
    double threads = same(one, two);
    double batch = same(one, pocket("batch", Map.of(), "--batch", 1));
    double processor = same(one, pocket("processor", OTHER_PROCESSOR));
    Path half = pocket("bf16", Map.of(), "--dtype", "bf16");
    double bf16 = Double.POSITIVE_INFINITY;
    for (int p = 0; p < IMAGES; p++) {
      bf16 = Math.min(bf16, Psnr.db(Png.read(image(one, p)), Png.read(image(half, p))));
    }
    String said =
        String.format(
            Locale.ROOT,
            "colour values within one step of those with 1 thread: 2 threads %.5f, batch 1 %.5f,"
                + " another processor %.5f; bf16: %.1f dB or more",
            threads,
            batch,
            processor,
            bf16);
    System.out.println(said);
    assertTrue(threads >= LEAST && batch >= LEAST && processor >= LEAST, said);
    assertTrue(bf16 >= LEAST_DB_OF_BF16 && bf16 < 60, said);
  }
}
