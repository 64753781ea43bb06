package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.image.Png;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.roles.RolesDocument;
import io.scalekv.roles.RolesJson;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Classifiers and their stability as users see them, on the shipped model. */
final class RolesStudiesTest {
  private static final Path PROMPTS = Path.of("calibration-prompts", "scenes-10.txt");
  private static final Path OTHERS = Path.of("calibration-prompts", "scenes-heldout-512.txt");

  @TempDir Path folder;

  /** Statistics that a calibration kept are all that a comparison needs. */
  @Test
  void compareWhatACalibrationKept() throws IOException, InterruptedException {
    Path kept = folder.resolve("kept");
    Path calibrated = folder.resolve("calibrated");
    Said calibrate =
        Said.of(
            "calibrate",
            "--prompts",
            PROMPTS,
            "--limit",
            2,
            "--classifier",
            "otsu",
            "--bootstrap",
            50,
            "--statistics",
            kept,
            "--out",
            calibrated,
            "--json",
            "-q");
    assertEquals(0, calibrate.code(), calibrate.err());
    assertEquals("otsu", calibrate.json().get("classifier").asString());
    RolesDocument roles = RolesJson.read(calibrated.resolve("roles.json"));
    assertEquals(2, roles.schemaVersion());
    assertEquals(50, roles.classification().bootstrap().draws());
    assertTrue(roles.pairs().stream().allMatch(p -> p.confidence() >= 0 && p.confidence() <= 1));
    Said show = Said.of("roles", "show", calibrated.resolve("roles.json"));
    assertTrue(show.out().contains("asi by otsu"), show.out());
    assertTrue(show.out().contains("50 bootstrap draws over 2 prompts"), show.out());
    assertTrue(show.out().contains("100%"), show.out());

    Path out = folder.resolve("out");
    Said said =
        Said.of(
            "roles",
            "compare",
            "--prompts",
            PROMPTS,
            "--limit",
            2,
            "--bootstrap",
            5,
            "--statistics",
            kept,
            "--out",
            out,
            "--json");
    assertEquals(0, said.code(), said.err());
    assertFalse(said.err().contains("draw 1/"), "nothing is drawn again");
    assertTrue(said.err().contains("bootstrap 6/6 hdbscan"), said.err());
    JsonNode otsu = said.json().get("classifiers").get(2);
    assertEquals("otsu", otsu.get("classifier").asString());
    assertEquals(roles.assignment().drafters().size(), otsu.get("drafters").size());
    assertEquals(15, said.json().get("agreements").size());
    for (JsonNode file : said.json().get("files")) {
      assertTrue(Files.size(Path.of(file.asString())) > 0, file.asString());
    }
    assertEquals(1 + 36, Files.readAllLines(out.resolve("pairs.csv")).size());
    assertEquals(1 + 15, Files.readAllLines(out.resolve("classifiers.csv")).size());
    assertTrue(Files.readString(out.resolve("classifiers.md")).contains("| k-means"));
    assertTrue(Png.read(out.resolve("probability-rank.png")).width() > 500);

    Path again = folder.resolve("again");
    ProcessSaid process =
        process(
            "roles",
            "compare",
            "--prompts",
            PROMPTS,
            "--limit",
            2,
            "--bootstrap",
            5,
            "--statistics",
            kept,
            "--out",
            again,
            "-q");
    assertEquals(0, process.code(), process.err());
    assertEquals("", process.err(), "the libraries are quiet");
    assertTrue(process.out().contains("k-means: drafters (layer@scale) "), process.out());
    try (Stream<Path> files = Files.list(out)) {
      for (Path file : files.toList()) {
        assertArrayEquals(
            Files.readAllBytes(file),
            Files.readAllBytes(again.resolve(file.getFileName())),
            file.toString());
      }
    }
  }

  /** What a process of its own said. */
  private record ProcessSaid(int code, String out, String err) {}

  /** Runs a command as the launcher does. */
  private ProcessSaid process(Object... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(Path.of("target", "classes") + File.pathSeparator + Path.of("target", "lib", "*"));
    command.add("-Djava.awt.headless=true");
    command.add("-XX:TieredStopAtLevel=1");
    command.add("io.scalekv.cli.Main");
    Stream.of(words).map(Object::toString).forEach(command::add);
    Path out = folder.resolve("stdout");
    ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile());
    builder.environment().put("DJL_OFFLINE", "true");
    Process process = builder.start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new ProcessSaid(process.waitFor(), Files.readString(out), err);
  }

  @Test
  void stabilityGoesOnWhereItWasStopped() throws IOException {
    Path out = folder.resolve("out");
    Object[] words = {
      "roles",
      "stability",
      "--prompts",
      PROMPTS + "," + OTHERS,
      "--limit",
      2,
      "--vary",
      "prompts,cfg,query-samples",
      "--cfgs",
      1,
      "--rows",
      "4,64",
      "--bootstrap",
      40,
      "--draws",
      20,
      "--out",
      out,
      "--json"
    };
    Said first = Said.of(words);
    assertEquals(0, first.code(), first.err());
    assertTrue(first.err().contains("draw 6/6 cfg 1, prompt 2"), first.err());
    JsonNode report = first.json();
    assertEquals(2, report.get("convergence").size());
    assertEquals(1.0, report.at("/convergence/1/jaccard").asDouble());
    assertEquals(4, report.get("variations").size());
    JsonNode same = report.at("/variations/1");
    assertEquals("64", same.get("value").asString());
    assertEquals(1.0, same.get("jaccard").asDouble(), "the base's own number of rows");
    assertEquals(1.0, same.get("zSpearman").asDouble(), 1e-12);
    assertEquals(
        List.of("4", "64", "scenes-heldout-512.txt", "1"),
        report.get("variations").valueStream().map(v -> v.get("value").asString()).toList());
    for (JsonNode file : report.get("files")) {
      assertTrue(Files.size(Path.of(file.asString())) > 0, file.asString());
    }
    assertTrue(Png.read(out.resolve("convergence-z.png")).width() > 500);

    // One condition lost, another with its first prompt only.
    Path kept = out.resolve("statistics");
    List<Path> files;
    try (Stream<Path> all = Files.list(kept)) {
      files = all.sorted().toList();
    }
    assertEquals(4, files.size());
    Files.delete(files.get(0));
    StatisticsFile.Kept whole = StatisticsFile.read(files.get(1));
    AttentionProfile p = whole.profile();
    StatisticsFile.write(
        AttentionProfile.of(p.geometry(), p.options(), p.prompts().subList(0, 1)),
        whole.source(),
        files.get(1));
    byte[] third = Files.readAllBytes(files.get(2));
    Said second = Said.of(words);
    assertEquals(first.out(), second.out());
    assertTrue(second.err().contains("draw 2/"), second.err());
    assertFalse(second.err().contains("draw 4/"), second.err());
    assertEquals(p.prompts(), StatisticsFile.read(files.get(1)).profile().prompts());
    assertArrayEquals(third, Files.readAllBytes(files.get(2)));
  }

  @ParameterizedTest
  @CsvSource({
    "'roles compare --prompts calibration-prompts/scenes-10.txt --budget 100%', --budget: fewer than the 265 tokens",
    "'roles compare --prompts calibration-prompts/scenes-10.txt --bootstrap -1', --bootstrap: a whole number",
    "'roles stability --prompts calibration-prompts/scenes-10.txt --vary tau', --vary: prompts or seed or cfg or query-samples expected",
    "'roles stability --prompts calibration-prompts/scenes-10.txt --vary query-samples --rows few', --query-samples: a whole number or all expected",
    "'roles stability --prompts calibration-prompts/scenes-10.txt,calibration-prompts/scenes-128.txt --vary seed', --prompts: --vary prompts or one file expected",
    "'roles stability --prompts missing.txt', --prompts: a file expected",
    "'calibrate --prompts calibration-prompts/scenes-10.txt --classifier svm', --classifier: rank or gap",
    "'calibrate --prompts calibration-prompts/scenes-10.txt --classifier knee --drafters 2', --drafters: --classifier rank expected"
  })
  void badWords(String words, String message) throws IOException {
    Said said = Said.of((Object[]) (words + " --out " + folder.resolve("out")).split(" "));
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().strip().lines().count(), said.err());
    assertTrue(said.err().contains(message), said.err());
    assertFalse(Files.exists(folder.resolve("out")), "nothing is left");
  }
}
