package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.scalekv.experiment.Metrics;
import io.scalekv.io.Json;
import io.scalekv.metrics.Metric;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Every file, column and key that the commands write stands in {@code docs/files.md}. */
@Tag("full")
final class FilesDocTest {
  private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
  private static final Pattern KEY = Pattern.compile("[a-z][A-Za-z0-9_]{0,29}");
  private static final Path PROMPTS = Path.of("calibration-prompts", "scenes-10.txt");

  @TempDir private Path folder;

  private final Set<String> words = new HashSet<>();
  private final Set<String> missing = new TreeSet<>();

  @Test
  void everyFileAndColumnIsDocumented() throws IOException {
    Matcher code = CODE.matcher(Files.readString(Path.of("docs/files.md")));
    while (code.find()) {
      words.add(code.group(1));
    }
    write();
    try (Stream<Path> files = Files.walk(folder.resolve("out"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        name(file);
        columns(file);
      }
    }
    assertEquals(Set.of(), missing, "not in docs/files.md");
  }

  /** Runs the commands that write, as small as they can be. */
  private void write() throws IOException {
    Path spec = folder.resolve("tiny.yaml");
    Files.writeString(
        spec,
        """
        name: tiny
        model: pocket
        prompts: {file: %s, limit: 2}
        batch: 2
        metrics: [psnr, ssim]
        baselines: [other-seed]
        rows: [{policy: [snapkv, scalekv], budget: 10%%}]
        """
            .formatted(PROMPTS.toAbsolutePath()));
    Path images = out("images");
    Path traces = out("traces");
    run("calibrate", "--prompts", PROMPTS, "--limit", 2, "--out", out("calibration"));
    run("profile", "--prompts", PROMPTS, "--limit", 2, "--out", out("profile"));
    run(
        "generate",
        "--prompts",
        PROMPTS,
        "--limit",
        2,
        "--policy",
        "snapkv",
        "--policy",
        "scalekv",
        "--record",
        traces,
        "--sheet",
        2,
        "--out",
        images);
    run(
        "score",
        "--reference",
        images.resolve("full"),
        "--images",
        images.resolve("snapkv"),
        "--metrics",
        "psnr,ssim",
        "--out",
        out("score"));
    run(
        "study",
        "replay",
        "--traces",
        traces,
        "--policies",
        "snapkv,random",
        "--budgets",
        "10%",
        "--out",
        out("replay"));
    run("sweep", spec, "--out", out("sweep"));
    run("report", out("sweep"));
    run("export", out("sweep"), "--to", "csv", "--out", out("export.csv"));
  }

  private Path out(String name) {
    return folder.resolve("out").resolve(name);
  }

  private static void run(Object... command) {
    Said said = Said.of(command);
    assertEquals(0, said.code(), said.err());
  }

  private void name(Path file) {
    Path name = file.getFileName();
    String generic =
        name.toString().replaceFirst("^tiny", "NAME").replace("export.csv", "experiment");
    boolean known =
        words.contains(generic)
            || words.stream()
                .filter(w -> w.contains("*") && w.contains("."))
                .anyMatch(w -> matches(w, file));
    if (!known) {
      missing.add("file " + folder.relativize(file));
    }
  }

  private static boolean matches(String glob, Path file) {
    PathMatcher matcher =
        FileSystems.getDefault()
            .getPathMatcher("glob:" + glob.substring(glob.lastIndexOf('/') + 1));
    return matcher.matches(file.getFileName());
  }

  private void columns(Path file) throws IOException {
    String name = file.getFileName().toString();
    if (name.endsWith(".csv")) {
      try (Stream<String> lines = Files.lines(file)) {
        for (String column : lines.findFirst().orElseThrow().split(",")) {
          key(name, column);
        }
      }
    } else if (name.endsWith(".json")) {
      keys(name, Json.read(file, JsonNode.class));
    } else if (name.endsWith(".jsonl") || name.endsWith(".jsonl.gz")) {
      byte[] bytes = Files.readAllBytes(file);
      if (name.endsWith(".gz")) {
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(file))) {
          bytes = in.readAllBytes();
        }
      }
      String first = new String(bytes, StandardCharsets.UTF_8).lines().findFirst().orElseThrow();
      keys(name, Json.parse(first.getBytes(StandardCharsets.UTF_8), name));
    }
  }

  private void keys(String file, JsonNode node) {
    node.properties()
        .forEach(
            e -> {
              key(file, e.getKey());
              keys(file, e.getValue());
            });
    if (node.isArray()) {
      node.forEach(v -> keys(file, v));
    }
  }

  private void key(String file, String key) {
    String base = key.replaceFirst("(Low|High|N)$", "");
    boolean metric = Metrics.all().stream().map(Metric::key).anyMatch(key::equals);
    if (KEY.matcher(key).matches() && !metric && !words.contains(key) && !words.contains(base)) {
      missing.add(file + " " + key);
    }
  }
}
