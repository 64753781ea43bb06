package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep on Spark in this process against the local runner. */
final class SparkRunnerTest {
  @TempDir Path folder;

  private Path spec;

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
    spec = write("tiny.yaml", 3);
  }

  private Path write(String name, int prompts) throws IOException {
    return Files.writeString(
        folder.resolve(name),
        TinyExperiment.head(prompts)
            + """
            metrics: [psnr, bits]
            rows:
              - policy: [sliding-window, streaming-llm]
                budget: [50%]
              - policy: [scalekv]
                budget: [20%]
                calibration: {statistic: asi, drafters: 1, prompts: {file: prompts.txt, limit: 2}}
            baselines: [repeat, other-seed]
            """);
  }

  private Said sweep(Path out, Object... more) {
    return Said.of(
        Stream.concat(
                Stream.of("sweep", spec, "--out", out, "--threads", "1", "--images", "--json"),
                Stream.of(more))
            .toArray());
  }

  @Test
  void sameFilesAsTheLocalRunner() throws IOException {
    Path local = folder.resolve("local");
    Said here = sweep(local);
    assertEquals(0, here.code(), here.err());
    Path spark = folder.resolve("spark");
    Said there = sweep(spark, "--runner", "spark", "--master", "local[2]");
    assertEquals(0, there.code(), there.err());
    assertEquals(RunContents.of(local), RunContents.of(spark));
    assertTrue(there.err().contains("reference images: 2 batches"), there.err());
    int runs = here.json().get("experiments").get(0).get("done").intValue();
    assertTrue(runs >= 5, here.out());
    assertEquals(runs, there.json().get("experiments").get(0).get("done").intValue());

    Said again = sweep(spark, "--runner", "spark", "--master", "local");
    assertEquals(runs, again.json().get("experiments").get(0).get("found").intValue(), again.out());
    assertEquals(0, again.json().get("experiments").get(0).get("done").intValue());
  }

  @Test
  void runsThatFailSayWhyAndAreTriedAgain() throws IOException {
    Path out = folder.resolve("out");
    Files.createDirectories(out);
    assertEquals(0, sweep(out).code());
    // the results are lost and the reference is of something else: nothing can be compared
    Files.delete(out.resolve(ResultFolder.RUNS));
    Files.delete(out.resolve(ResultFolder.IMAGES));
    Path manifest;
    try (Stream<Path> files = Files.walk(out.resolve("reference"))) {
      manifest = files.filter(f -> f.endsWith("manifest.json")).findFirst().orElseThrow();
    }
    Files.writeString(manifest, "{}");
    Said said = sweep(out, "--runner", "spark", "--master", "local[1]");
    assertEquals(Failure.WHILE_WORKING, said.code(), said.err());
    Results failed = Results.read(out);
    assertTrue(failed.runs().isEmpty());
    assertTrue(failed.failures().values().stream().allMatch(e -> e.contains("manifest.json")));
    assertEquals(
        failed.failures().size(),
        said.json().get("experiments").get(0).get("failed").intValue(),
        said.out());
    Files.delete(manifest);
    assertEquals(0, sweep(out, "--runner", "spark", "--master", "local[1]").code());
    assertTrue(Files.exists(out.resolve(ResultFolder.RUNS)));
    assertTrue(Files.notExists(out.resolve("runs")));
  }

  @Test
  void moreThreadsThanCoresAreRefused() {
    Said many =
        Said.of(
            "sweep",
            spec,
            "--out",
            folder.resolve("many"),
            "--runner",
            "spark",
            "--master",
            "local[2]",
            "--threads",
            "3");
    assertEquals(Failure.BAD_INPUT, many.code());
    assertTrue(many.err().contains("local[2], got 3"), many.err());
    Said cluster =
        Said.of(
            "sweep",
            spec,
            "--out",
            folder.resolve("many"),
            "--runner",
            "spark",
            "--master",
            "spark://nowhere:7077");
    assertEquals(Failure.BAD_INPUT, cluster.code());
    assertTrue(cluster.err().contains("--threads"), cluster.err());
    Said alone = Said.of("sweep", spec, "--master", "local[2]");
    assertEquals(Failure.BAD_INPUT, alone.code());
    assertTrue(alone.err().contains("--runner spark"), alone.err());
  }
}
