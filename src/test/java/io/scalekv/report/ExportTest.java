package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.Run;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.Statistics;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Exports read back by small readers of each format. */
final class ExportTest {
  /** Runs of a sweep of the shipped model, more rows than a row group of Parquet. */
  static final Path SWEEP = Path.of("src/test/resources/io/scalekv/experiment/confirm");

  private static final int PROMPTS = 3;
  private static final int RUNS = 5;

  @TempDir Path folder;
  private Path results;
  private List<TidyRow> rows;

  @BeforeEach
  void write() throws IOException {
    results = folder.resolve("results/one");
    ReportFixtures made = new ReportFixtures("one", PROMPTS);
    made.policy("snapkv", 20, 53, 22).policy("snapkv", 10, 27, 20).rulers().failures();
    made.write(results);
    rows = TidyRow.of(Results.read(results)).toList();
  }

  static Export.Written write(Path results, Export.Format format, Path out) throws IOException {
    return Export.open(results).write(format, out, done -> {});
  }

  private Export.Written export(Export.Format format) throws IOException {
    return write(results.getParent(), format, Export.target(folder.resolve("x"), format));
  }

  private static Object value(TidyRow row, String column) {
    return TidyRow.COLUMNS.stream()
        .filter(c -> c.name().equals(column))
        .findFirst()
        .orElseThrow()
        .value()
        .apply(row);
  }

  /**
   * Three metrics of each image; of each run its distance of sets, share of the full cache and PSNR
   * of the mean MSE.
   */
  @Test
  void everyNumberIsARow() {
    assertEquals(RUNS * PROMPTS * 3 + 3 + 1 + RUNS - 1 + RUNS, rows.size());
    TidyRow first = rows.get(0);
    assertEquals("one", value(first, "experiment"));
    assertEquals("snapkv", value(first, "policy"));
    assertEquals(53L, value(first, "budgetTokens"));
    assertEquals(3L << 19, value(first, "peakKvBytes"));
    assertEquals("pocket", value(first, "model"));
    assertEquals("sha256:" + "a".repeat(64), value(first, "weightsSha256"));
    assertEquals(ReportFixtures.HOSTILE, value(first, "prompt"));
    assertEquals(0L, value(first, "seed"));
    TidyRow psnr = rows.stream().filter(r -> r.metric().equals("psnr")).findFirst().orElseThrow();
    assertEquals(22.0, value(psnr, "value"));
    assertEquals("dB", value(psnr, "unit"));
    TidyRow set = rows.stream().filter(r -> r.metric().equals("frechet")).findFirst().orElseThrow();
    assertEquals(null, value(set, "promptIndex"));
    assertEquals(1.8, value(set, "value"));
    assertTrue(rows.stream().anyMatch(r -> value(r, "value").equals(Double.POSITIVE_INFINITY)));
    assertEquals(
        rows.size(),
        rows.stream()
            .map(r -> Stream.of("run", "promptIndex", "seed", "metric").map(c -> "" + value(r, c)))
            .map(Stream::toList)
            .distinct()
            .count());
  }

  @Test
  void csv() throws IOException {
    Export.Written w = export(Export.Format.CSV);
    assertEquals(List.of(folder.resolve("x/results.csv")), w.files());
    assertEquals(rows.size(), w.rows());
    assertEquals(RUNS, w.runs());
    List<List<String>> read = new ArrayList<>();
    List<String> line = new ArrayList<>();
    Matcher m =
        Pattern.compile("(?:\"((?:[^\"]|\"\")*)\"|([^,\"\\n]*))([,\\n])")
            .matcher(Files.readString(w.files().get(0)));
    while (m.find()) {
      line.add(m.group(1) == null ? m.group(2) : m.group(1).replace("\"\"", "\""));
      if (m.group(3).equals("\n")) {
        read.add(line);
        line = new ArrayList<>();
      }
    }
    assertEquals(TidyRow.COLUMNS.stream().map(TidyRow.Column::name).toList(), read.get(0));
    for (int r = 0; r < rows.size(); r++) {
      for (int c = 0; c < TidyRow.COLUMNS.size(); c++) {
        Object value = TidyRow.COLUMNS.get(c).value().apply(rows.get(r));
        String text = value == null ? "" : value.toString().replace("Infinity", "inf");
        assertEquals(text, read.get(r + 1).get(c));
      }
    }
    assertEquals(rows.size() + 1, read.size());
  }

  @Test
  void jsonLines() throws IOException {
    List<String> lines = Files.readAllLines(export(Export.Format.JSONL).files().get(0));
    assertEquals(rows.size(), lines.size());
    for (int r = 0; r < rows.size(); r++) {
      JsonNode line = JsonMapper.shared().readTree(lines.get(r));
      for (TidyRow.Column c : TidyRow.COLUMNS) {
        Object value = c.value().apply(rows.get(r));
        if (value == null || value.equals(Double.POSITIVE_INFINITY)) {
          assertTrue(line.get(c.name()).isNull(), c.name());
        } else if (value instanceof Double d) {
          assertEquals(d, line.get(c.name()).doubleValue());
        } else {
          assertEquals(value.toString(), line.get(c.name()).asString());
        }
      }
    }
  }

  @Test
  void parquet() throws IOException {
    same(rows, new ParquetReader(export(Export.Format.PARQUET).files().get(0)));
  }

  @Test
  void parquetInSeveralRowGroups() throws IOException {
    Path file = folder.resolve("sweep.parquet");
    Export.Written w = write(SWEEP, Export.Format.PARQUET, file);
    assertTrue(w.rows() > ParquetFile.GROUP, w.toString());
    ParquetReader reader = new ParquetReader(file);
    assertEquals(2, reader.footer().getRow_groups().size());
    same(TidyRow.of(Results.read(SWEEP)).toList(), reader);
  }

  private static void same(List<TidyRow> rows, ParquetReader reader) throws IOException {
    Map<String, List<Object>> read = reader.columns();
    assertEquals(rows.size(), reader.footer().getNum_rows());
    assertEquals(
        TidyRow.COLUMNS.stream().map(TidyRow.Column::name).toList(), List.copyOf(read.keySet()));
    for (TidyRow.Column c : TidyRow.COLUMNS) {
      List<Object> values = rows.stream().map(c.value()).toList();
      assertEquals(values, read.get(c.name()), c.name());
    }
  }

  /** Ends and nulls of the values of a column. */
  @Test
  void parquetHasStatistics() throws IOException {
    ParquetReader reader = new ParquetReader(export(Export.Format.PARQUET).files().get(0));
    Map<String, Statistics> statistics = new TreeMap<>();
    for (ColumnChunk c : reader.footer().getRow_groups().get(0).getColumns()) {
      statistics.put(c.getMeta_data().getPath_in_schema().get(0), c.getMeta_data().getStatistics());
    }
    assertEquals(RUNS - 1 + 4 + RUNS, statistics.get("promptIndex").getNull_count());
    assertEquals(0, little(statistics.get("promptIndex").getMin_value()).getLong());
    assertEquals(PROMPTS - 1, little(statistics.get("promptIndex").getMax_value()).getLong());
    assertEquals("bits", text(statistics.get("metric").getMin_value()));
    assertEquals("ssim", text(statistics.get("metric").getMax_value()));
    assertEquals(
        Double.POSITIVE_INFINITY, little(statistics.get("value").getMax_value()).getDouble());
  }

  private static ByteBuffer little(byte[] bytes) {
    return ParquetReader.little(bytes, 0);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void latex() throws IOException {
    List<Path> files = export(Export.Format.LATEX).files();
    assertEquals(List.of(folder.resolve("x/one.tex")), files);
    String text = Files.readString(files.get(0));
    assertTrue(text.contains("snapkv at 10\\% & 20.25 [20.00, 20.50] & "), text);
    assertEquals(RUNS + 2 + 1, text.lines().filter(l -> l.endsWith("\\\\")).count());
  }

  @Test
  void mlflow() throws IOException {
    export(Export.Format.MLFLOW);
    Map<String, String> first = tree(folder.resolve("x"));
    export(Export.Format.MLFLOW);
    assertEquals(first, tree(folder.resolve("x")), "written twice");
    assertEquals(1 + RUNS, first.keySet().stream().filter(f -> f.endsWith("meta.yaml")).count());
    String experiment = first.keySet().iterator().next().split("/")[0];
    assertTrue(experiment.matches("[1-9][0-9]{17}"), experiment);
    assertTrue(first.get(experiment + "/meta.yaml").contains("name: \"one\"\n"));
    String run =
        first.entrySet().stream()
            .filter(e -> e.getKey().endsWith("tags/mlflow.runName"))
            .filter(e -> e.getValue().equals("snapkv at 20%"))
            .map(e -> e.getKey().replace("tags/mlflow.runName", ""))
            .findFirst()
            .orElseThrow();
    assertTrue(run.matches(experiment + "/[0-9a-f]{32}/"), run);
    assertEquals("53", first.get(run + "params/policy.budgetTokens"));
    assertEquals("1x1 2x2 4x4 6x6 8x8 12x12 16x16", first.get(run + "params/generation.schedule"));
    long end = 1735689600000L + 1500;
    assertEquals(end + " 22.25 0\n", first.get(run + "metrics/psnr"));
    assertEquals(
        Stream.of("22.0 0", "22.25 1", "22.5 2").map(v -> end + " " + v + "\n").toList(),
        first.get(run + "metrics/image/psnr").lines().map(l -> l + "\n").toList());
  }

  private static Map<String, String> tree(Path folder) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(file).toString().replace('\\', '/'), Files.readString(file));
      }
    }
    return files;
  }

  /** A scalar of an event file. */
  private record Scalar(long step, String tag, float value) {}

  @Test
  void tensorBoard() throws IOException {
    Export.Written w = export(Export.Format.TENSORBOARD);
    Map<String, List<Scalar>> logs = new TreeMap<>();
    for (Path file : w.files()) {
      assertTrue(file.getFileName().toString().startsWith("events.out.tfevents.1735689600"));
      logs.put(folder.resolve("x").relativize(file.getParent()).toString(), scalars(file));
    }
    assertEquals(1 + RUNS, logs.size());
    List<Scalar> series = logs.get(Path.of("one", "snapkv").toString());
    assertEquals(
        List.of(new Scalar(27, "psnr", 20.25f), new Scalar(53, "psnr", 22.25f)),
        series.stream().filter(s -> s.tag().equals("psnr")).toList());
    List<Scalar> run = logs.get(Path.of("one", "snapkv_at_20%").toString());
    assertEquals(
        List.of(22f, 22.25f, 22.5f),
        run.stream().filter(s -> s.tag().equals("image/psnr")).map(Scalar::value).toList());
    List<Scalar> same = logs.get(Path.of("one", "same_seed_again").toString());
    assertTrue(same.contains(new Scalar(2, "image/psnr", Float.POSITIVE_INFINITY)));
    assertTrue(same.contains(new Scalar(265, "psnr", Float.POSITIVE_INFINITY)));
  }

  private static List<Scalar> scalars(Path file) throws IOException {
    ByteBuffer bytes = little(Files.readAllBytes(file));
    List<Scalar> scalars = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = take(bytes, 8);
      assertEquals(maskedCrc(length), bytes.getInt());
      byte[] event = take(bytes, (int) little(length).getLong());
      assertEquals(maskedCrc(event), bytes.getInt());
      Map<Integer, Object> fields = message(event);
      if (!fields.containsKey(5)) {
        assertEquals("brain.Event:2", text((byte[]) fields.get(3)));
        continue;
      }
      Map<Integer, Object> value = message((byte[]) message((byte[]) fields.get(5)).get(1));
      if (value.containsKey(2)) {
        scalars.add(
            new Scalar((Long) fields.get(2), text((byte[]) value.get(1)), (Float) value.get(2)));
      }
    }
    return scalars;
  }

  private static byte[] take(ByteBuffer bytes, int length) {
    byte[] taken = new byte[length];
    bytes.get(taken);
    return taken;
  }

  private static Map<Integer, Object> message(byte[] bytes) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    Map<Integer, Object> fields = new TreeMap<>();
    while (!in.isAtEnd()) {
      int tag = in.readTag();
      fields.put(
          WireFormat.getTagFieldNumber(tag),
          switch (WireFormat.getTagWireType(tag)) {
            case WireFormat.WIRETYPE_VARINT -> in.readInt64();
            case WireFormat.WIRETYPE_FIXED64 -> in.readDouble();
            case WireFormat.WIRETYPE_FIXED32 -> in.readFloat();
            default -> in.readByteArray();
          });
    }
    return fields;
  }

  /** Bit by bit, with the reversed polynomial of Castagnoli. */
  private static int maskedCrc(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 255;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ (crc & 1) * 0x82f63b78;
      }
    }
    crc = ~crc;
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }

  @Test
  void aFileOrAFolder() {
    Path out = folder.resolve("a.csv");
    assertEquals(out, Export.target(out, Export.Format.CSV));
    assertEquals(out.resolve("results.parquet"), Export.target(out, Export.Format.PARQUET));
    assertEquals(out, Export.target(out, Export.Format.MLFLOW));
  }

  @Test
  void folderNamesStayInside() throws IOException {
    Path odd = folder.resolve("odd/two");
    ReportFixtures made = new ReportFixtures("../../up", 2);
    Run run = made.run(Run.Kind.POLICY, "snapkv", "20%", 53, null);
    made.add("g", "../a b", run, 20);
    made.add("g", "..", made.run(Run.Kind.POLICY, "snapkv", "10%", 27, null), 20);
    made.write(odd);
    Path out = folder.resolve("y");
    for (Path file : write(odd, Export.Format.TENSORBOARD, out).files()) {
      assertTrue(file.normalize().startsWith(out), file.toString());
      assertEquals(4, out.relativize(file.normalize()).getNameCount() + 1, file.toString());
    }
  }

  @Test
  void aFolderWithoutFinishedRunsIsRefused() throws IOException {
    Path empty = folder.resolve("empty");
    new ReportFixtures("none", 2).failures().write(empty);
    assertThrows(
        IllegalArgumentException.class,
        () -> write(empty, Export.Format.CSV, folder.resolve("z.csv")));
    assertTrue(Files.notExists(folder.resolve("z.csv")));
  }
}
