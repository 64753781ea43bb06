package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.Png;
import io.scalekv.image.RgbImage;
import io.scalekv.model.ModelCatalog;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.Orientation;
import io.scalekv.roles.RoleStatistics;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands as users type them, on the shipped model. */
final class CommandsTest {
  private static final Path PROMPTS = Path.of("calibration-prompts", "scenes-10.txt");
  private static final String CAPTION =
      "a large solid red circle at center on a plain blue background";

  @TempDir Path folder;

  private static Said say(Object... words) {
    return Said.of(words);
  }

  /** The command fails with that code, one line that has the given parts, and leaves nothing. */
  private void refused(int code, List<String> parts, Object... words) throws IOException {
    Said said = say(words);
    assertEquals(code, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertEquals("", said.out());
    for (String part : parts) {
      assertTrue(said.err().contains(part), () -> part + " missing in: " + said.err());
    }
    try (Stream<Path> left = Files.walk(folder)) {
      List<Path> files =
          left.filter(Files::isRegularFile).filter(p -> !p.toString().contains("input")).toList();
      assertEquals(List.of(), files);
    }
  }

  @Test
  void calibrateTwiceGivesTheSameRoles() throws IOException {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    Said said =
        say("calibrate", "--prompts", PROMPTS, "--limit", 2, "--out", a, "--json", "--quiet");
    assertEquals(0, said.code(), said.err());
    assertEquals("", said.err());
    assertEquals(27, said.json().get("budgetTokens").asInt());
    JsonNode summary = said.json();
    assertEquals(
        2,
        summary.get("drafters").size() + summary.get("leftOut").asInt(),
        "6.5 % of the pairs, sure or not");
    assertEquals(0, say("calibrate", "--prompts", PROMPTS, "--limit", 2, "--out", b, "-q").code());
    Calibration first = CalibrationFile.read(a.resolve("roles.json"));
    Calibration second = CalibrationFile.read(b.resolve("roles.json"));
    assertEquals(
        CalibrationFile.text(first.at(Instant.EPOCH)),
        CalibrationFile.text(second.at(Instant.EPOCH)));
    for (String file : List.of("profile.csv", "budgets-scalekv.json", "roles.png", "roles.svg")) {
      assertArrayEquals(
          Files.readAllBytes(a.resolve(file)), Files.readAllBytes(b.resolve(file)), file);
    }
    assertEquals("scenes-10.txt", first.source().get("promptFile"));
    assertTrue(first.model().weights().startsWith("sha256:"), first.model().weights());
    ScaleKvBudgetFile budgets = ScaleKvBudgetFile.read(a.resolve("budgets-scalekv.json"));
    assertEquals(
        first.roles().assignment().drafters(),
        budgets.assignment(first.model().scales()).drafters());

    Said diff = say("roles", "diff", a.resolve("roles.json"), b.resolve("roles.json"), "--json");
    assertEquals(1.0, diff.json().get("jaccard").asDouble());
    assertEquals(1.0, diff.json().get("zSpearman").asDouble(), 1e-12);
    assertTrue(say("roles", "show", a.resolve("roles.json")).out().contains("16x16"));
  }

  @Test
  void calibrateHonoursItsFlags() throws IOException {
    Said said =
        say(
            "calibrate",
            "--prompt",
            CAPTION,
            "--budget",
            "53t",
            "--drafters",
            5,
            "--statistic",
            "entropy",
            "--allocation",
            "paper",
            "--top-k",
            3,
            "--query-samples",
            "all",
            "--out",
            folder,
            "--quiet",
            "--tau",
            0,
            "--cfg",
            1);
    assertEquals(0, said.code(), said.err());
    Calibration d = CalibrationFile.read(folder.resolve("roles.json"));
    assertEquals(5, d.roles().assignment().drafters().size());
    assertEquals("entropy", d.roles().statistics().name());
    assertEquals("paper", d.roles().allocation());
    assertEquals(53, d.roles().budgetTokens());
    assertEquals("3", d.roles().topK());
    assertEquals("0.0", d.source().get("tau"));
  }

  @Test
  void calibrateBySimulatedCuts() throws IOException {
    double[] sums = new double[2];
    for (int i = 0; i < 2; i++) {
      String budget = List.of("10%", "53t").get(i);
      Path out = folder.resolve(budget);
      Said said =
          say(
              "calibrate",
              "--prompt",
              CAPTION,
              "--statistic",
              "cut-change",
              "--budget",
              budget,
              "--out",
              out,
              "-q");
      assertEquals(0, said.code(), said.err());
      RoleStatistics d = CalibrationFile.read(out.resolve("roles.json")).roles().statistics();
      assertEquals(Orientation.HIGHEST, d.orientation());
      for (int l = 0; l < d.layers(); l++) {
        for (int k = 0; k < d.scales(); k++) {
          assertEquals(k < 4, Double.isNaN(d.value(l, k)), "scale 5 is the first compressed one");
          sums[i] += k < 4 ? 0 : d.value(l, k);
        }
      }
    }
    assertTrue(sums[1] > 0 && sums[1] < sums[0], "a larger cache loses less");
  }

  @Test
  void sameSeedSameBytesOtherSeedOtherImage() throws IOException {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    assertEquals(
        0, say("generate", "--prompt", CAPTION, "--seeds", 2, "--out", a, "--quiet").code());
    Said judged =
        say(
            "generate",
            "--prompt",
            CAPTION,
            "--seeds",
            2,
            "--out",
            b,
            "--quiet",
            "--judge",
            "--json",
            "--sheet",
            1);
    assertEquals(0, judged.code(), judged.err());
    JsonNode outcome = judged.json().get("policies").get(0);
    assertTrue(outcome.get("faithfulness").has("background"), judged.out());
    byte[] image = Files.readAllBytes(a.resolve("p0000-s0.png"));
    assertArrayEquals(image, Files.readAllBytes(b.resolve("p0000-s0.png")));
    RgbImage other = Png.read(a.resolve("p0000-s1.png"));
    assertNotEquals(Png.read(a.resolve("p0000-s0.png")), other);
    assertEquals(64, other.width());
    assertTrue(Files.exists(b.resolve("contact-sheet.png")));
    JsonNode manifest = JsonMapper.shared().readTree(Files.readString(a.resolve("manifest.json")));
    JsonNode images = manifest.get("policies").get(0).get("images");
    assertEquals(2, images.size());
    assertEquals(CAPTION, images.get(1).get("prompt").asString());
  }

  @Test
  void anImageDoesNotDependOnItsBatch() throws IOException {
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    for (Path out : List.of(a, b)) {
      assertEquals(
          0,
          say(
                  "generate",
                  "--prompts",
                  PROMPTS,
                  "--limit",
                  3,
                  "--batch",
                  out == a ? 1 : 3,
                  "--tau",
                  0,
                  "--out",
                  out,
                  "--quiet")
              .code());
    }
    for (int p = 0; p < 3; p++) {
      RgbImage x = Png.read(a.resolve("p000" + p + "-s0.png"));
      RgbImage y = Png.read(b.resolve("p000" + p + "-s0.png"));
      int worst = 0;
      for (int i = 0; i < x.rgb().length; i++) {
        worst = Math.max(worst, Math.abs((x.rgb()[i] & 255) - (y.rgb()[i] & 255)));
      }
      assertTrue(worst <= 1, "prompt " + p + ": bytes within 1 expected, got " + worst);
    }
  }

  @Test
  void randomWeightsDrawAnything() {
    Said said =
        say(
            "generate",
            "--random-weights",
            3,
            "--prompt",
            CAPTION,
            "--out",
            folder,
            "-q",
            "--json");
    assertEquals(0, said.code(), said.err());
    assertEquals("random:3", said.json().get("model").get("weightsSha256").asString());
  }

  @Test
  void aModelFolderIsAModel() throws IOException {
    Path model = Files.createDirectories(folder.resolve("input-model"));
    Files.writeString(model.resolve("config.json"), ModelCatalog.config("pocket").json());
    Path out = folder.resolve("out");
    refused(
        2,
        List.of("needs the transformer transformer.safetensors; the tokenizer vae.safetensors"),
        "generate",
        "--model",
        model,
        "--prompt",
        CAPTION,
        "--out",
        out);
    for (String file : List.of("transformer.safetensors", "vae.safetensors")) {
      Files.copy(Path.of("src/main/resources/io/scalekv/model/pocket", file), model.resolve(file));
    }
    Said said = say("models", "--verify", model, "--json");
    assertEquals(0, said.code(), said.err());
    String hash = said.json().get("models").get(0).get("weightsSha256").asString();
    JsonNode shipped = say("models", "--verify", "--json").json().get("models").get(0);
    assertEquals(hash, shipped.get("weightsSha256").asString());

    byte[] bytes = Files.readAllBytes(model.resolve("transformer.safetensors"));
    Files.write(model.resolve("transformer.safetensors"), java.util.Arrays.copyOf(bytes, 100_000));
    refused(
        2,
        List.of("transformer.safetensors", "125152"),
        "generate",
        "--model",
        model,
        "--prompt",
        CAPTION,
        "--out",
        out);
    Files.write(model.resolve("transformer.safetensors"), bytes);
    Files.writeString(
        model.resolve("config.json"),
        ModelCatalog.config("pocket").json().replace("\"depth\" : 12", "\"depth\" : 13"));
    refused(
        2, List.of("blocks.12"), "generate", "--model", model, "--prompt", CAPTION, "--out", out);
    Files.writeString(
        model.resolve("config.json"),
        ModelCatalog.config("pocket").json().replace("\"depth\" : 12", "\"dept\" : 12"));
    refused(
        2,
        List.of("config.json", "dept"),
        "generate",
        "--model",
        model,
        "--prompt",
        CAPTION,
        "--out",
        out);
    Files.writeString(model.resolve("config.json"), "{\"format\": ");
    refused(
        2, List.of("config.json"), "generate", "--model", model, "--prompt", CAPTION, "--out", out);
  }

  @Test
  void badInputIsRefusedInOneLine() throws IOException {
    Path out = folder.resolve("out");
    Path empty = Files.writeString(folder.resolve("input-empty.txt"), "# nothing\n\n");
    Path odd =
        Files.writeString(
            folder.resolve("input-odd.txt"),
            CAPTION + "\na large solid crimson circle at center on a plain blue background\n");
    refused(2, List.of("input-empty.txt"), "calibrate", "--prompts", empty, "--out", out);
    refused(
        2,
        List.of("input-odd.txt", "prompt 2", "crimson"),
        "calibrate",
        "--prompts",
        odd,
        "--out",
        out);
    refused(
        2, List.of("none.txt"), "calibrate", "--prompts", folder.resolve("none.txt"), "--out", out);
    refused(2, List.of("poket"), "generate", "--model", "poket", "--prompt", CAPTION, "--out", out);
    refused(
        2,
        List.of("none"),
        "generate",
        "--model",
        "infinity-2b",
        "--weights",
        folder.resolve("none"),
        "--prompt",
        CAPTION,
        "--out",
        out);
    refused(
        2, List.of("--budget"), "calibrate", "--prompts", PROMPTS, "--budgt", "3", "--out", out);
    refused(
        2, List.of("budget"), "calibrate", "--prompts", PROMPTS, "--budget", "x%", "--out", out);
    refused(
        2,
        List.of("statistic"),
        "calibrate",
        "--prompts",
        PROMPTS,
        "--statistic",
        "aso",
        "--out",
        out);
    refused(2, List.of("tau", "-1"), "generate", "--prompt", CAPTION, "--tau", "-1", "--out", out);
    refused(2, List.of("--size"), "generate", "--prompt", CAPTION, "--size", "1M", "--out", out);
    refused(2, List.of("--prompt"), "generate", "--out", out);
    refused(2, List.of("subcommand"), "train");
    refused(2, List.of("roles.json"), "roles", "show", folder.resolve("roles.json"));
  }

  @Test
  void aFolderThatCannotBeWrittenIsRefusedBeforeAnyWork() throws IOException {
    Path locked =
        Files.createDirectory(
            folder.resolve("locked"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
    refused(
        1, List.of("read-only"), "calibrate", "--prompts", PROMPTS, "--out", locked.resolve("x"));
    Path file = Files.writeString(folder.resolve("input-file"), "");
    refused(1, List.of("is a file"), "generate", "--prompt", CAPTION, "--out", file.resolve("x"));
    assertFalse(Files.exists(locked.resolve("x")));
  }

  @Test
  void modelsAreListed() {
    JsonNode list = say("models", "--json").json().get("models");
    assertEquals(
        List.of(
            "pocket",
            "pocket-l",
            "pocket-xl",
            "infinity-125m",
            "infinity-2b",
            "infinity-8b",
            "infinity-8b-512",
            "pocket-var",
            "var-d12",
            "var-d16",
            "var-d20",
            "var-d24",
            "var-d30",
            "var-d36-512"),
        list.valueStream().map(m -> m.get("name").asString()).toList());
    assertEquals("ready", list.get(0).get("status").asString());
    assertEquals("missing", list.get(4).get("status").asString());
    assertEquals(32, list.get(4).get("geometry").get("layers").asInt());
    assertEquals(56, list.get(5).get("tokenBits").asInt());
  }
}
