package io.scalekv.experiment.folders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.RunListener;
import io.scalekv.experiment.UserNets;
import io.scalekv.experiment.folders.FolderScores.Kind;
import io.scalekv.experiment.folders.FolderScoring.Request;
import io.scalekv.image.ImageFile;
import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.metrics.Holm;
import io.scalekv.metrics.Interval;
import io.scalekv.metrics.LpipsRange;
import io.scalekv.metrics.Psnr;
import io.scalekv.metrics.Wilcoxon;
import io.scalekv.tensor.TorchScriptArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scoring of folders, on small pictures with noise. */
final class FolderScoringTest {
  private static final int SIDE = 24;
  private static final List<String> KEYS = List.of("psnr", "ssim", "frechet");

  @TempDir Path folder;

  private static RgbImage picture(long seed, int noise) {
    SplittableRandom random = new SplittableRandom(seed);
    SplittableRandom grain = new SplittableRandom(31 * seed + noise);
    byte[] rgb = new byte[3 * SIDE * SIDE];
    for (int i = 0; i < rgb.length; i++) {
      int smooth = 40 + 5 * (i / 3 % SIDE) + random.nextInt(20);
      rgb[i] = (byte) (smooth + (noise == 0 ? 0 : grain.nextInt(noise)));
    }
    return RgbImage.of(SIDE, SIDE, rgb);
  }

  private Path images(String name, int count, int noise) throws IOException {
    Path images = folder.resolve(name);
    for (int i = 0; i < count; i++) {
      Png.write(picture(i, noise), images.resolve(String.format(Locale.ROOT, "%06d.png", i)));
    }
    return images;
  }

  private static Request request(Path reference, List<Path> images, List<String> keys, int rulers) {
    return new Request(
        reference,
        images,
        null,
        null,
        null,
        keys,
        UserNets.NONE,
        ImageFile.Options.PILLOW,
        false,
        rulers,
        2);
  }

  private static FolderScores run(Request request) throws IOException {
    return FolderScoring.run(request, null, RunListener.NONE);
  }

  private static void assertRefused(Request request, String... parts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> run(request));
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), () -> part + " missing in: " + e.getMessage());
    }
  }

  @Test
  void aTableHasCandidatesRulersAndTests() throws IOException {
    Path reference = images("reference", 12, 0);
    FolderScores scores =
        run(
            new Request(
                reference,
                List.of(images("near", 12, 8), images("far", 12, 60)),
                images("seed", 12, 90),
                null,
                null,
                KEYS,
                UserNets.NONE,
                ImageFile.Options.PILLOW,
                false,
                10,
                2));
    assertEquals(
        List.of(
            "near",
            "far",
            "seed",
            "identical",
            "jpeg 90",
            "jpeg 50",
            "jpeg 10",
            "blur 0.5",
            "blur 1.0",
            "blur 2.0"),
        scores.rows().stream().map(FolderScores.Row::name).toList());
    FolderScores.Row near = scores.rows().get(0);
    double[] psnr = new double[12];
    Arrays.setAll(psnr, i -> Psnr.db(picture(i, 0), picture(i, 8)));
    Interval value = near.values().get("psnr");
    assertEquals(Arrays.stream(psnr).average().orElseThrow(), value.mean(), 1e-9);
    assertTrue(value.low() < value.mean() && value.mean() < value.high());
    assertEquals(12, value.n());
    FolderScores.Row identical = scores.rows().get(3);
    assertEquals(Kind.IDENTICAL, identical.kind());
    assertEquals(10, identical.identical());
    assertEquals(1, identical.values().get("ssim").mean(), 1e-12);
    assertEquals(0, identical.values().get("frechet").mean(), 1e-12);

    // near-far, near-seed, far-seed, by two metrics
    assertEquals(6, scores.tests().size());
    double[] p = scores.tests().stream().mapToDouble(FolderScores.Test::p).toArray();
    double[] holm = scores.tests().stream().mapToDouble(FolderScores.Test::pHolm).toArray();
    assertEquals(Arrays.toString(Holm.adjust(p)), Arrays.toString(holm));
    double[] far = new double[12];
    Arrays.setAll(far, i -> Psnr.db(picture(i, 0), picture(i, 60)));
    assertEquals(Wilcoxon.test(Wilcoxon.differences(psnr, far)).p(), p[0], 1e-12);
    assertEquals("near", scores.tests().get(0).better());
    assertTrue(scores.best(near, Psnr.METRIC));
    assertFalse(scores.best(scores.rows().get(1), Psnr.METRIC));
  }

  @Test
  void interruptedScoringGoesOnAndEndsAlike() throws IOException {
    Path reference = images("reference", 20, 0);
    List<Path> candidates = List.of(images("a", 20, 8), images("b", 20, 30));
    Request request = request(reference, candidates, KEYS, 10);
    Path whole = Files.createDirectories(folder.resolve("whole"));
    FolderScores once = FolderScoring.run(request, whole, RunListener.NONE);
    Path cut = Files.createDirectories(folder.resolve("cut"));
    int[] plan = new int[2];
    assertThrows(
        IllegalStateException.class, () -> FolderScoring.run(request, cut, listener(plan, 60)));
    // the last line of each file is cut off, as a killed process leaves it
    for (String name : List.of("pairs.jsonl", "rulers.jsonl", "features.bin")) {
      byte[] bytes = Files.readAllBytes(cut.resolve(name));
      Files.write(cut.resolve(name), Arrays.copyOf(bytes, bytes.length - 7));
    }
    assertEquals(110, plan[0]);
    FolderScores resumed = FolderScoring.run(request, cut, listener(plan, 110));
    assertTrue(plan[0] < 90 && plan[1] >= plan[0] && plan[1] < 110, Arrays.toString(plan));
    assertEquals(once.json().toString(), resumed.json().toString());
    for (String name : List.of("pairs.jsonl", "rulers.jsonl")) {
      assertEquals(Files.readString(whole.resolve(name)), Files.readString(cut.resolve(name)));
    }
    // one file changes: its batch alone is scored again
    Png.write(picture(99, 0), candidates.get(1).resolve("000003.png"));
    FolderScoring.run(request, cut, listener(plan, 110));
    assertEquals(8, plan[1]);
    // other settings: nothing is taken over
    FolderScoring.run(
        new Request(
            reference,
            candidates,
            null,
            null,
            null,
            KEYS,
            UserNets.NONE,
            new ImageFile.Options(true, false),
            false,
            10,
            2),
        cut,
        listener(plan, 110));
    assertEquals(110, plan[0]);
  }

  /** Counts planned and scored pairs; fails after a number of them. */
  private static RunListener listener(int[] plan, int most) {
    Arrays.fill(plan, 0);
    return new RunListener() {
      @Override
      public void planned(int pairs) {
        plan[0] = pairs;
      }

      @Override
      public void step(String id) {
        if (++plan[1] > most) {
          throw new IllegalStateException("cut");
        }
      }
    };
  }

  /** Memory for candidates that lack different images; every pair is against its own reference. */
  @Test
  void candidatesThatLackImages() throws IOException {
    Path reference = images("reference", 10, 0);
    Path a = images("a", 10, 9);
    Path b = images("b", 11, 9);
    Files.delete(a.resolve("000002.png"));
    Files.delete(b.resolve("000005.png"));
    FolderScores scores = run(request(reference, List.of(a, b), List.of("psnr", "lpips-proxy"), 0));
    assertEquals(List.of(9, 9), scores.rows().stream().map(r -> r.pairs().size()).toList());
    assertEquals(Map.of(b.toString(), List.of("000010")), scores.unpaired());
    for (PairScore p : scores.rows().get(1).pairs()) {
      int i = Integer.parseInt(p.id());
      assertEquals(Psnr.db(picture(i, 0), picture(i, 9)), p.values().get("psnr"), 1e-9);
    }
    for (int row = 0; row < 2; row++) {
      List<PairScore> pairs = scores.rows().get(row).pairs();
      List<PairScore> others = scores.rows().get(1 - row).pairs();
      for (PairScore p : pairs) {
        others.stream()
            .filter(o -> o.id().equals(p.id()))
            .forEach(o -> assertEquals(o.values(), p.values(), "equal images, equal scores"));
      }
    }
    assertEquals(8, scores.tests().get(0).pairs());
    assertRefused(
        new Request(
            reference,
            List.of(a, b),
            null,
            null,
            null,
            KEYS,
            UserNets.NONE,
            ImageFile.Options.PILLOW,
            true,
            0,
            2),
        "--strict",
        "000002");
  }

  /** Folders of {@code generate} have the seed in the names. */
  @Test
  void anotherSeedIsPairedByPrompt() throws IOException {
    Path reference = folder.resolve("r");
    Path seeds = folder.resolve("s");
    for (int i = 0; i < 3; i++) {
      Png.write(picture(i, 0), reference.resolve("p000" + i + "-s9.png"));
      Png.write(picture(i, 1), reference.resolve("p000" + i + "-s10.png"));
      Png.write(picture(i, 50), seeds.resolve("p000" + i + "-s100.png"));
    }
    FolderScores scores =
        run(
            new Request(
                reference,
                List.of(reference),
                seeds,
                null,
                null,
                List.of("psnr"),
                UserNets.NONE,
                ImageFile.Options.PILLOW,
                false,
                0,
                1));
    List<PairScore> pairs = scores.rows().get(1).pairs();
    assertEquals(
        List.of("p0000-s9", "p0001-s9", "p0002-s9"), pairs.stream().map(PairScore::id).toList());
    assertEquals(Psnr.db(picture(1, 0), picture(1, 50)), pairs.get(1).values().get("psnr"), 1e-9);
  }

  @Test
  void imagesOfOneCaptionAreOneGroup() throws IOException {
    Path reference = images("reference", 12, 0);
    Path prompts = folder.resolve("prompts.jsonl");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      lines.add("{\"index\": %d, \"seed\": 1, \"prompt\": \"caption %d\"}".formatted(i, i / 6));
    }
    Files.write(prompts, lines);
    FolderScores scores =
        run(
            new Request(
                reference,
                List.of(images("a", 12, 8), images("b", 12, 60)),
                null,
                null,
                prompts,
                List.of("psnr"),
                UserNets.NONE,
                ImageFile.Options.PILLOW,
                false,
                0,
                1));
    assertEquals(12, scores.requested());
    assertEquals("caption 1", scores.rows().get(0).pairs().get(7).caption());
    assertEquals(0.5, scores.tests().get(0).p(), 1e-12, "two captions are two observations");
    Files.write(prompts, List.of("{\"index\": 77, \"prompt\": \"x\"}"));
    assertRefused(
        new Request(
            reference,
            List.of(folder.resolve("a")),
            null,
            null,
            prompts,
            List.of("psnr"),
            UserNets.NONE,
            ImageFile.Options.PILLOW,
            false,
            0,
            1),
        "prompts.jsonl");
  }

  @Test
  void badFoldersAreRefused() throws IOException {
    Path reference = images("reference", 9, 0);
    Path a = images("a", 9, 9);
    Png.write(RgbImage.of(3, 2, new byte[18]), a.resolve("000008.png"));
    assertRefused(
        request(reference, List.of(a), KEYS, 0),
        "a/000008.png",
        "reference/000008.png",
        "24x24",
        "3x2");
    byte[] whole = Files.readAllBytes(reference.resolve("000000.png"));
    Files.write(a.resolve("000008.png"), Arrays.copyOf(whole, 90));
    Path out = Files.createDirectories(folder.resolve("out"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                FolderScoring.run(request(reference, List.of(a), KEYS, 0), out, RunListener.NONE));
    assertTrue(e.getMessage().contains("000008.png"), e.getMessage());
    assertEquals(8, Files.readAllLines(out.resolve("pairs.jsonl")).size());
    Files.copy(a.resolve("000001.png"), a.resolve("000001.jpeg"));
    assertRefused(request(reference, List.of(a), KEYS, 0), "000001.jpeg", "000001.png");
    assertRefused(request(reference, List.of(folder.resolve("none")), KEYS, 0), "none");
    assertRefused(request(reference, List.of(out), KEYS, 0), "out");
    assertRefused(request(reference, List.of(reference), List.of("psnt"), 0), "psnt");
    assertRefused(request(reference, List.of(reference), List.of("lpips"), 0), "--lpips");
    assertRefused(request(reference, List.of(reference), List.of("bits"), 0), "bits");
    Path other = folder.resolve("other");
    Png.write(picture(1, 0), other.resolve("x.png"));
    assertRefused(request(reference, List.of(other), KEYS, 0), "other");
  }

  /** A net that gives no number costs its own metric alone, also after an interruption. */
  @Test
  void lpipsWithoutANumberLeavesTheOthers() throws IOException {
    Path reference = images("reference", 3, 0);
    Path net =
        Files.write(
            folder.resolve("nan.pt"),
            TorchScriptArchive.of(
                """
                class M(Module):
                  __parameters__ = []
                  __buffers__ = []
                  training : bool
                  def forward(self, a: Tensor, b: Tensor) -> Tensor:
                    d = torch.mean(torch.sub(a, a))
                    return torch.div(d, d)
                """));
    Request request =
        new Request(
            reference,
            List.of(images("a", 3, 9)),
            null,
            null,
            null,
            List.of("psnr"),
            new UserNets(net, LpipsRange.MINUS_ONE_TO_ONE, null),
            ImageFile.Options.PILLOW,
            false,
            0,
            1);
    Path out = Files.createDirectories(folder.resolve("out"));
    for (int attempt = 0; attempt < 2; attempt++) {
      FolderScores scores = FolderScoring.run(request, out, RunListener.NONE);
      FolderScores.Row row = scores.rows().get(0);
      assertEquals(3, row.values().get("psnr").n());
      assertNull(row.values().get("lpips"));
      assertTrue(
          scores.notes().stream()
              .anyMatch(
                  n -> n.contains("lpips(nan)") && n.contains("NaN") && n.contains("000000.png")),
          scores.notes().toString());
    }
  }
}
