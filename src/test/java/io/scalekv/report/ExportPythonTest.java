package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.Python;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Each export opened by the tool that it is for. */
@Tag("pytorch")
final class ExportPythonTest {
  private static final Path SCRIPT = Path.of("src/test/resources/io/scalekv/report/exported.py");

  @TempDir Path folder;

  private static RunResult run() throws IOException {
    return ResultRow.distinct(Results.read(ExportTest.SWEEP)).stream()
        .filter(r -> r.row().label().equals("h2o at 4%"))
        .findFirst()
        .orElseThrow()
        .result();
  }

  private JsonNode open(Export.Format format, String tool, String module, String below)
      throws IOException, InterruptedException {
    Path out = Export.target(folder, format);
    ExportTest.write(ExportTest.SWEEP, format, out);
    Path path = out.resolve(below).toAbsolutePath();
    return JsonMapper.shared().readTree(Python.run(List.of(module), SCRIPT, tool, path));
  }

  private static void sameImages(JsonNode read, double tolerance) throws IOException {
    assertArrayEquals(
        run().images().stream().mapToDouble(i -> i.value("psnr")).toArray(),
        read.get("psnr").valueStream().mapToDouble(JsonNode::doubleValue).toArray(),
        tolerance);
  }

  @ParameterizedTest
  @CsvSource({
    "CSV, pandas-csv, pandas",
    "JSONL, pandas-jsonl, pandas",
    "PARQUET, pandas-parquet, pyarrow",
    "PARQUET, duckdb, duckdb"
  })
  void tidyRows(Export.Format format, String tool, String module) throws Exception {
    JsonNode read = open(format, tool, module, "");
    assertEquals(TidyRow.of(Results.read(ExportTest.SWEEP)).count(), read.get("rows").asLong());
    assertTrue(read.get("caption").asString().startsWith("a large striped red circle"));
    sameImages(read, 0);
  }

  @Test
  void mlflow() throws Exception {
    JsonNode read = open(Export.Format.MLFLOW, "mlflow", "mlflow", "");
    assertEquals(4, read.get("rows").asInt());
    assertEquals(run().metrics().get("psnr").mean(), read.get("mean").doubleValue());
    sameImages(read, 0);
  }

  @Test
  void tensorBoard() throws Exception {
    JsonNode read = open(Export.Format.TENSORBOARD, "tensorboard", "tensorboard", "beyond-confirm");
    assertEquals(4, read.get("rows").asInt());
    assertEquals(run().metrics().get("psnr").mean(), read.get("mean").doubleValue(), 1e-5);
    assertTrue(read.get("text").asString().contains("| run | " + run().id() + " |"));
    sameImages(read, 1e-5);
  }
}
