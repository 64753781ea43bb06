package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recordings on the command line. */
final class TracesCommandTest {
  private static final Path TRACES = Path.of("src/test/resources/io/scalekv/parity");
  private static final Path VAR = TRACES.resolve("trace-var-tiny");

  @TempDir Path folder;

  @Test
  void theRecorderIsPrinted() {
    Said said = Said.of("traces", "recorder");
    assertEquals(0, said.code(), said.err());
    assertTrue(said.out().startsWith("\"\"\"Recorder"), said.out());
    assertTrue(said.out().endsWith("\n"));
  }

  @ParameterizedTest
  @CsvSource({
    "trace-var-tiny, tensors, 323952, 0",
    "trace-infinity-tiny, tensors, 1495920, 2",
    "trace-var-tiny-statistics, statistics, 45440, 2"
  })
  void aRecordingIsShown(String name, String form, long bytes, int lacks) {
    Said said = Said.of("traces", "show", TRACES.resolve(name), "--json");
    assertEquals(0, said.code(), said.err());
    assertEquals(form, said.json().get("recording").get("form").asString());
    assertEquals(bytes, said.json().get("bytes").asLong());
    assertEquals(2, said.json().get("prompts").size());
    assertEquals(lacks, said.json().get("lacks").size());
  }

  @Test
  void aRecordingIsCalibratedWithErrorCurves() throws Exception {
    Said said =
        Said.of(
            "calibrate",
            "--traces",
            VAR,
            "--budget",
            "30%",
            "--parts",
            "error-curves",
            "--out",
            folder);
    assertEquals(0, said.code(), said.err());
    assertTrue(said.out().contains("image sensitivity 1"), said.out());
    Calibration roles = CalibrationFile.read(folder.resolve("roles.json"));
    assertEquals("VAR", roles.model().name());
    assertEquals(List.of("roles", "heatkv", "ams-kv", "hack", "error-curves"), roles.names());
    assertEquals("2", roles.source().get("prompts"));
    assertTrue(Files.exists(folder.resolve("budgets-scalekv.json")));
  }

  @ParameterizedTest
  @CsvSource({
    "trace-var-tiny, --model, pocket, give either --traces or --model",
    "trace-var-tiny, --prompt, a cat, give either --traces or --prompt",
    "trace-var-tiny, --cfg, 2, give either --traces or --cfg",
    "trace-infinity-tiny, --parts, error-curves, needs a recording with queries=\"all\"",
    "trace-infinity-tiny, --query-samples, all, record with queries=\"all\"",
    "trace-infinity-tiny, --parts, ams-kv, rotaryReference",
    "trace-var-tiny-statistics, --top-k, 7, record with statistics=False",
    "trace-var-tiny-statistics, --statistic, cut-error, statistics=False",
    "nothing, --seed, 1, trace.json is missing"
  })
  void whatARecordingCannotServeIsNamed(String name, String option, String value, String part) {
    Said said =
        Said.of("calibrate", "--traces", TRACES.resolve(name), option, value, "--out", folder);
    assertEquals(2, said.code(), said.err());
    assertEquals(1, said.err().lines().count(), said.err());
    assertTrue(said.err().contains(part), said.err());
  }
}
