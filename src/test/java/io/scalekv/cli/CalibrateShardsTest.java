package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A calibration in parts against one of the whole. */
final class CalibrateShardsTest {
  private static final int SHARDS = 7;

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    TinyExperiment.writeModel(folder);
  }

  private Said calibrate(Path out, Object... more) {
    return Said.of(
        Stream.concat(
                Stream.of(
                    "calibrate",
                    "--model",
                    folder.resolve("model"),
                    "--random-weights",
                    "3",
                    "--prompts",
                    folder.resolve("prompts.txt"),
                    "--budget",
                    "30%",
                    "--drafters",
                    "1",
                    "--seed",
                    "5",
                    "--out",
                    out,
                    "--threads",
                    "1",
                    "-q"),
                Stream.of(more))
            .toArray());
  }

  private static String roles(Path out) throws IOException {
    Calibration calibration = CalibrationFile.read(out.resolve("roles.json"));
    return CalibrationFile.text(calibration.at(Instant.EPOCH));
  }

  @Test
  void sevenShardsGiveTheSameBitsAsOne() throws IOException {
    Path whole = folder.resolve("whole");
    assertEquals(0, calibrate(whole).code());
    Path shards = folder.resolve("shards");
    for (int i : List.of(4, 1, 7, 2, 6, 3, 5)) {
      Said said = calibrate(shards, "--shard", i + "/" + SHARDS, "--json");
      assertEquals(0, said.code(), said.err());
      assertEquals(i <= 3 ? 2 : 1, said.json().get("images").intValue());
    }
    Path merged = folder.resolve("merged");
    Said said = calibrate(merged, "--merge", shards);
    assertEquals(0, said.code(), said.err());
    assertEquals(roles(whole), roles(merged));
    for (String name : List.of("profile.csv", "budgets-scalekv.json", "roles.svg")) {
      assertArrayEquals(
          Files.readAllBytes(whole.resolve(name)), Files.readAllBytes(merged.resolve(name)), name);
    }
    Path one = folder.resolve("one");
    assertEquals(0, calibrate(one, "--shard", "1/1").code());
    assertEquals(0, calibrate(merged, "--merge", one).code());
    assertEquals(roles(whole), roles(merged));

    Files.delete(shards.resolve("shard-3-of-7.statistics.safetensors"));
    Said missing = calibrate(merged, "--merge", shards);
    assertEquals(Failure.BAD_INPUT, missing.code());
    assertTrue(missing.err().contains("missing shard 3"), missing.err());
    Said other = calibrate(merged, "--merge", one, "--cfg", "2");
    assertEquals(Failure.BAD_INPUT, other.code());
    assertTrue(other.err().contains("cfg must be 2.0, got 3.0"), other.err());
  }

  @Test
  void wrongShardsAreRefused() {
    for (String shard : List.of("0/7", "8/7", "1", "a/b")) {
      Said said = calibrate(folder.resolve("out"), "--shard", shard);
      assertEquals(Failure.BAD_INPUT, said.code(), shard);
      assertEquals(1, said.err().lines().count(), said.err());
      assertTrue(said.err().contains("--shard"), said.err());
    }
    Said many = calibrate(folder.resolve("out"), "--shard", "11/11");
    assertEquals(Failure.BAD_INPUT, many.code());
    assertTrue(many.err().contains("at most 10"), many.err());
    Said both = calibrate(folder.resolve("out"), "--shard", "1/2", "--merge", folder);
    assertEquals(Failure.BAD_INPUT, both.code());
    assertTrue(both.err().contains("either --shard or --merge"), both.err());
  }
}
