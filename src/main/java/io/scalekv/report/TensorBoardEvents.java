package io.scalekv.report;

import com.google.protobuf.CodedOutputStream;
import io.scalekv.experiment.ExperimentFile;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunResult;
import io.scalekv.io.AtomicFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.zip.CRC32C;

/**
 * Event files of TensorBoard. {@code EXPERIMENT/SERIES} holds a curve for each metric: its mean at
 * the step of the budget in tokens, one series a policy. {@code EXPERIMENT/LABEL} holds for each
 * run {@code image/METRIC}, its values at the number of the image, and what was run as text. Values
 * are of 32 bits, as TensorBoard's scalars.
 */
final class TensorBoardEvents {
  // Fields of tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto.
  private static final int EVENT_WALL_TIME = 1;
  private static final int EVENT_STEP = 2;
  private static final int EVENT_FILE_VERSION = 3;
  private static final int EVENT_SUMMARY = 5;
  private static final int SUMMARY_VALUE = 1;
  private static final int VALUE_TAG = 1;
  private static final int VALUE_SIMPLE = 2;
  private static final int VALUE_TENSOR = 8;
  private static final int VALUE_METADATA = 9;
  private static final int METADATA_PLUGIN = 1;
  private static final int PLUGIN_NAME = 1;
  private static final int TENSOR_TYPE = 1;
  private static final int TENSOR_SHAPE = 2;
  private static final int TENSOR_STRINGS = 8;
  private static final int TYPE_STRING = 7;
  private static final int CRC_MASK = 0xa282ead8;

  /** Content of a message. */
  private interface Fields {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private final ByteArrayOutputStream records = new ByteArrayOutputStream();
  private final long seconds;

  private TensorBoardEvents(long seconds) throws IOException {
    this.seconds = seconds;
    record(0, out -> out.writeString(EVENT_FILE_VERSION, "brain.Event:2"));
  }

  /** Writes an experiment; returns its files. */
  static List<Path> write(Results results, Path folder) throws IOException {
    List<ResultRow> rows = ResultRow.distinct(results);
    Map<String, TensorBoardEvents> logs = new LinkedHashMap<>();
    for (ResultRow row : rows) {
      TensorBoardEvents run = log(logs, row.row().label(), row);
      run.text("run", summary(results.file(), row));
      List<RunResult.Image> images = row.result().images();
      for (int i = 0; i < images.size(); i++) {
        for (String key : images.get(i).metrics().keySet()) {
          run.scalar(i, "image/" + key, images.get(i).value(key));
        }
      }
    }
    ToIntFunction<ResultRow> tokens = row -> row.run().policy().budgetTokens();
    for (ResultRow row : rows.stream().sorted(Comparator.comparingInt(tokens)).toList()) {
      TensorBoardEvents series = log(logs, row.series(), row);
      for (Map.Entry<String, Double> m : means(row.result()).entrySet()) {
        series.scalar(tokens.applyAsInt(row), m.getKey(), m.getValue());
      }
    }
    List<Path> files = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Path experiment = folder.resolve(fileName(results.file().name()));
    for (Map.Entry<String, TensorBoardEvents> log : logs.entrySet()) {
      String name = fileName(log.getKey());
      while (!names.add(name)) {
        name += "-";
      }
      String file = String.format("events.out.tfevents.%010d.scalekv", log.getValue().seconds);
      files.add(experiment.resolve(name).resolve(file));
      AtomicFile.write(files.get(files.size() - 1), log.getValue().records.toByteArray());
    }
    return files;
  }

  private static TensorBoardEvents log(
      Map<String, TensorBoardEvents> logs, String name, ResultRow first) throws IOException {
    TensorBoardEvents log = logs.get(name);
    if (log == null) {
      log = new TensorBoardEvents(first.started().getEpochSecond());
      logs.put(name, log);
    }
    return log;
  }

  /** Returns a label as the name of a folder. */
  private static String fileName(String label) {
    String name = label.replaceAll("[^\\p{L}\\p{N}.,=%+-]+", "_").replaceAll("^[._]+|[._]+$", "");
    return name.isEmpty() ? "unnamed" : name;
  }

  private static Map<String, Double> means(RunResult result) {
    Map<String, Double> means = new LinkedHashMap<>();
    result.metrics().forEach((key, v) -> means.put(key, v.ranked()));
    means.putAll(TidyRow.ofRun(result));
    means.values().removeIf(v -> v.isNaN());
    return means;
  }

  /** Returns Markdown with all that tells a run from others. */
  private static String summary(ExperimentFile file, ResultRow row) {
    TidyRow tidy = new TidyRow(file, row, null, null, "", null);
    StringBuilder text = new StringBuilder("| | |\n| --- | --- |\n");
    for (TidyRow.Column c : TidyRow.columnsOfRun()) {
      String value = String.valueOf(c.value().apply(tidy)).replace("|", "\\|");
      text.append("| ").append(c.name()).append(" | ").append(value).append(" |\n");
    }
    return text.toString();
  }

  private void scalar(long step, String tag, double value) throws IOException {
    summary(step, tag, out -> out.writeFloat(VALUE_SIMPLE, (float) value));
  }

  private void text(String tag, String text) throws IOException {
    byte[] plugin = message(out -> out.writeString(PLUGIN_NAME, "text"));
    byte[] metadata = message(out -> out.writeByteArray(METADATA_PLUGIN, plugin));
    byte[] tensor =
        message(
            out -> {
              out.writeEnum(TENSOR_TYPE, TYPE_STRING);
              out.writeByteArray(TENSOR_SHAPE, new byte[0]);
              out.writeString(TENSOR_STRINGS, text);
            });
    summary(
        0,
        tag,
        out -> {
          out.writeByteArray(VALUE_TENSOR, tensor);
          out.writeByteArray(VALUE_METADATA, metadata);
        });
  }

  private void summary(long step, String tag, Fields value) throws IOException {
    byte[] tagged =
        message(
            out -> {
              out.writeString(VALUE_TAG, tag);
              value.writeTo(out);
            });
    byte[] summary = message(out -> out.writeByteArray(SUMMARY_VALUE, tagged));
    record(step, out -> out.writeByteArray(EVENT_SUMMARY, summary));
  }

  private static byte[] message(Fields fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    fields.writeTo(out);
    out.flush();
    return bytes.toByteArray();
  }

  /** Appends an event as a TFRecord: length, its check sum, data, its check sum. */
  private void record(long step, Fields what) throws IOException {
    byte[] event =
        message(
            out -> {
              out.writeDouble(EVENT_WALL_TIME, seconds);
              out.writeInt64(EVENT_STEP, step);
              what.writeTo(out);
            });
    byte[] length = little(Long.BYTES).putLong(event.length).array();
    records.writeBytes(length);
    records.writeBytes(little(Integer.BYTES).putInt(maskedCrc(length)).array());
    records.writeBytes(event);
    records.writeBytes(little(Integer.BYTES).putInt(maskedCrc(event)).array());
  }

  /** Returns CRC-32C, rotated and shifted, as TFRecord masks it. */
  static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), 15) + CRC_MASK;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
