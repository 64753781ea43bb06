package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.vocabtrim.pair.ShippedPair;
import io.scalekv.vocabtrim.trim.Mapping;
import io.scalekv.vocabtrim.trim.MappingFile;
import io.scalekv.vocabtrim.trim.MappingForm;
import io.scalekv.vocabtrim.trim.TokenCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VocabTrim as users type it. */
final class VocabTrimCommandsTest {
  private static final int V = 8192;

  @TempDir Path folder;

  private static Said done(Object... words) {
    Said said = Said.of(words);
    assertEquals(0, said.code(), said.err());
    return said;
  }

  private static void refused(String part, Object... words) {
    Said said = Said.of(words);
    assertEquals(2, said.code(), said.err());
    assertEquals("", said.out());
    assertTrue(said.err().contains(part), () -> part + " expected in: " + said.err());
  }

  @Test
  void countsToMappingToDraftModel() throws IOException {
    TokenCounts counts = TokenCounts.create(V);
    counts.accept(new Random(1).ints(50_000, 0, 3000).toArray());
    Path csv = folder.resolve("counts.csv");
    counts.write(csv);
    Path map = folder.resolve("freq_1024.pt");
    Said said =
        done(
            "vocabtrim",
            "trim",
            "--counts",
            csv,
            "--top-k",
            1024,
            "--protect",
            "0,1",
            "--tokenizer",
            ShippedPair.folder().resolve("target"),
            "--form",
            "fr-spec",
            "--out",
            map,
            "--json");
    assertEquals(1024, said.json().get("retained").asInt());
    Mapping mapping = MappingFile.read(map, MappingForm.FR_SPEC, V);
    assertTrue(mapping.retained().contains(1));
    Path out = folder.resolve("drafter");
    done(
        "vocabtrim",
        "export",
        "--draft-model",
        ShippedPair.folder().resolve("drafter"),
        "--mapping",
        map,
        "--form",
        "fr-spec",
        "--out",
        out);
    assertEquals(mapping.retained(), MappingFile.read(out, MappingForm.D2T_OFFSET, V).retained());
    assertTrue(Files.exists(out.resolve("config.json")));
    refused(
        "eagle",
        "vocabtrim",
        "trim",
        "--counts",
        csv,
        "--top-k",
        9,
        "--form",
        "eagle",
        "--out",
        map);
    refused(
        "9000",
        "vocabtrim",
        "trim",
        "--counts",
        csv,
        "--top-k",
        9000,
        "--no-protect-special",
        "--no-protect-bytes",
        "--form",
        "fr-spec",
        "--out",
        map);
  }

  @Test
  void chatLogToCheckedDraftModelInFourCommands() throws IOException {
    Path target = ShippedPair.folder().resolve("target");
    Path log = folder.resolve("chat.jsonl");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"zzz\"},");
      lines.append("{\"role\": \"assistant\", \"content\": \"the small house\"}]}\n");
    }
    Files.writeString(log, lines + "broken\n");
    Path out = folder.resolve("counts");
    Said counted =
        done(
            "vocabtrim",
            "coverage",
            "--chat",
            log,
            "--tokenizer",
            target,
            "--sizes",
            "300,1k",
            "--domain",
            "houses",
            "--text",
            log,
            "--out",
            out,
            "--json");
    assertEquals(50, counted.json().get("texts").asInt());
    assertEquals(1, counted.json().get("skippedLines").asInt());
    assertEquals(1.0, counted.json().at("/sizes/0/heldOut/latin").asDouble());
    Path map = folder.resolve("map.safetensors");
    Said trimmed =
        done(
            "vocabtrim",
            "trim",
            "--counts",
            out.resolve("counts.csv"),
            "--tokenizer",
            target,
            "--top-k",
            "1k",
            "--form",
            "d2t-offset",
            "--out",
            map);
    assertTrue(trimmed.out().contains("256 byte tokens"), trimmed.out());
    assertTrue(trimmed.out().contains("domain houses"), trimmed.out());
    Path small = folder.resolve("small");
    done(
        "vocabtrim",
        "export",
        "--draft-model",
        ShippedPair.folder().resolve("drafter"),
        "--mapping",
        map,
        "--out",
        small);
    Said checked = done("vocabtrim", "check", small, "--target", target, "--text", log, "--json");
    assertEquals("note", checked.json().at("/findings/0/severity").asString());
    // a file that other programs would read without a word
    Path bytes = folder.resolve("ids.bin");
    Files.write(bytes, new byte[] {5, 0, 0, 0, 2, 0, 0, 0});
    Said wrong = Said.of("vocabtrim", "check", bytes, "--target", target);
    assertEquals(1, wrong.code(), wrong.err());
    assertTrue(wrong.out().contains("error not-ascending"), wrong.out());
    assertTrue(wrong.out().contains("error special-tokens"), wrong.out());
    assertTrue(wrong.out().contains("warning byte-tokens"), wrong.out());
  }

  @Test
  void anExperimentLeavesTablesAndFigures() throws IOException {
    Path spec = folder.resolve("tiny.yaml");
    Files.writeString(
        spec,
        """
        name: tiny
        title: Tiny
        domains: [math]
        prompts: 2
        promptTokens: 6
        newTokens: 8
        gammas: [3]
        sizes: [64, 512, 2048]
        calibrations:
          - {source: raw, texts: [0, 2]}
          - {source: draft, texts: [2]}
        """);
    Path out = folder.resolve("out");
    Said said = done("vocabtrim", "run", spec, "--out", out, "--json");
    assertEquals(3, said.json().get("runs").asInt());
    for (String name : new String[] {"best.csv", "best.md", "curve.csv", "mbsu.png", "best.svg"}) {
      assertTrue(Files.size(out.resolve(name)) > 100, name);
    }
    assertTrue(Files.readString(out.resolve("best.md")).contains("toys"));
    Said again = done("vocabtrim", "run", spec, "--out", out);
    assertTrue(again.err().contains(": already done"), again.err());
    assertTrue(again.out().contains("MBSU"), again.out());
    refused("none.yaml", "vocabtrim", "run", folder.resolve("none.yaml"), "--out", out);
  }

  @Test
  void curvesThatDoNotFitOneFigureGetOneADomain() throws IOException {
    Path spec = folder.resolve("many.yaml");
    Files.writeString(
        spec,
        """
        name: many
        title: Many
        domains: [math, coding]
        prompts: 2
        promptTokens: 4
        newTokens: 4
        gammas: [1, 2, 3, 4, 5]
        sizes: [64, 2048]
        calibrations:
          - {source: raw, texts: [1]}
        """);
    Path out = folder.resolve("many");
    done("vocabtrim", "run", spec, "--out", out);
    for (String figure : List.of("mbsu", "tau", "coverage")) {
      assertTrue(Files.exists(out.resolve(figure + "-math.png")), figure);
      assertTrue(Files.exists(out.resolve(figure + "-coding.png")), figure);
      assertFalse(Files.exists(out.resolve(figure + ".png")), figure);
    }
  }
}
