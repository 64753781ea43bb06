package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cli.Mutations.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Command score on the golden folders. */
final class ScoreCommandTest {
  private static final Path GOLDEN = Path.of("src/test/resources/io/scalekv/score");
  private static final Path A = GOLDEN.resolve("candidate_a");
  private static final Path B = GOLDEN.resolve("candidate_b");

  @TempDir Path folder;

  private Said score(Object... more) {
    Object[] words = {
      "score",
      "--reference",
      GOLDEN.resolve("reference"),
      "--images",
      A,
      "--images",
      B,
      "--metrics",
      "psnr,ssim",
      "--out",
      folder.resolve("out"),
      "--json",
      "-q"
    };
    return Said.of(Stream.of(words, more).flatMap(Stream::of).toArray());
  }

  private JsonNode file(String name) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(folder.resolve("out").resolve(name)));
  }

  @Test
  void leavesPairsTablesAndAPage() throws IOException {
    Said said = score("--rulers", 2, "--baseline", A);
    assertEquals(0, said.code(), said.err());
    assertEquals("", said.err());
    JsonNode json = said.json();
    assertEquals("candidate_b", json.at("/candidates/1/name").asString());
    assertEquals(4, json.at("/candidates/1/metrics/psnr/n").asInt());
    assertEquals(1, json.at("/candidates/1/identical").asInt());
    assertEquals(7, json.get("rulers").size());
    assertEquals(2, json.get("tests").size());
    for (JsonNode file : json.get("files")) {
      assertTrue(Files.size(Path.of(file.asString())) > 0, file.asString());
    }
    List<String> lines = Files.readAllLines(folder.resolve("out/pairs.jsonl"));
    assertEquals(10, lines.size());
    JsonNode last = JsonMapper.shared().readTree(lines.get(8));
    assertEquals("sub/000008", last.get("id").asString());
    assertEquals(A.toString(), last.get("images").asString());
    assertTrue(last.get("identical").asBoolean() && last.get("psnr").isNull(), lines.get(8));

    // HeatKV's script sees PNG at the top level: 4 pairs of a are 3, one of b is identical or not
    JsonNode metrics = file("metrics.json");
    assertEquals(3, metrics.at("/candidate_a/paired_images").asInt());
    assertEquals(36.0, metrics.at("/candidate_a/psnr").asDouble(), 2);
    assertTrue(metrics.at("/candidate_a/fid").isNull());
    assertEquals(0, metrics.at("/candidate_b/identical").asInt());

    String page = Files.readString(folder.resolve("out/report.html"));
    assertTrue(page.contains("\"candidates\":[\"candidate_a\",\"candidate_b\"]"));
    String tex = Files.readString(folder.resolve("out/table.tex"));
    assertTrue(tex.contains("\\toprule") && tex.contains("$\\pm$"), tex);
    String csv = Files.readString(folder.resolve("out/table.csv"));
    assertTrue(csv.startsWith("name,kind,pairs,identical,psnrDb,psnrDbLow,psnrDbHigh,ssim"), csv);
  }

  /** Overviews that {@code generate} leaves beside images are no images of a prompt. */
  @Test
  void contactSheetsAreNoPairs() throws IOException {
    List<Path> copies = new ArrayList<>();
    for (Path from : List.of(GOLDEN.resolve("reference"), A)) {
      Path to = Files.createDirectories(folder.resolve("sheets").resolve(from.getFileName()));
      copies.add(to);
      Files.copy(from.resolve("000004.png"), to.resolve("000004.png"));
      Files.copy(from.resolve("000004.png"), to.resolve("contact-sheet.png"));
    }
    Object[] words = {
      "score",
      "--reference",
      copies.get(0),
      "--images",
      copies.get(1),
      "--metrics",
      "psnr",
      "--out",
      folder.resolve("pairs"),
      "--json",
      "-q"
    };
    assertEquals(
        2, Said.of(words).json().at("/candidates/0/pairs").asInt(), "a name like any other");
    for (Path copy : copies) {
      Files.writeString(copy.resolve("manifest.json"), "{}");
    }
    words[8] = folder.resolve("again");
    assertEquals(1, Said.of(words).json().at("/candidates/0/pairs").asInt());
  }

  /** Any damage to what an earlier scoring left costs time, never the command. */
  @Test
  void damagedStateIsMadeAgain() throws IOException {
    assertEquals(0, score("--rulers", 0).code());
    SplittableRandom random = new SplittableRandom(1);
    Path out = folder.resolve("out");
    for (int i = 0; i < 12; i++) {
      for (String name : List.of("pairs.jsonl", "features.bin")) {
        byte[] sound = Files.readAllBytes(out.resolve(name));
        Form form = i % 2 == 0 ? Form.BYTES : Form.LINES;
        Files.write(out.resolve(name), Mutations.damaged(sound, form, random));
      }
      Said said = score("--rulers", 0);
      assertEquals(0, said.code(), said.err());
      assertEquals(10, Files.readAllLines(out.resolve("pairs.jsonl")).size());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "--baseline other, other",
    "--metrics psnt, psnt",
    "--metrics lpips, --lpips",
    "--lpips none.pt, none.pt",
    "--prompts none.jsonl, none.jsonl",
    "--ruler none, none",
    "--alpha black, black",
    "--rulers -1, -1",
    "--images src, src"
  })
  void refusesBadInput(String words, String value) {
    Said said = score((Object[]) words.split(" "));
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(value), said.err());
    assertEquals(2, said.json().at("/error/exitCode").asInt());
  }
}
