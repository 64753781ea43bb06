package io.scalekv.cli;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.ResultFolder;
import io.scalekv.experiment.Results;
import io.scalekv.experiment.RunJson;
import io.scalekv.experiment.RunResult;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.io.Sha256;
import io.scalekv.io.Software;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a command left, by name of the file: every byte but the documented fields of time, host and
 * memory. These are the provenance of a run, the number {@code seconds} of trained weights and
 * checkpoints, the last column, the seconds, of a training's curve, and the timestamp of roles.
 */
final class RunContents {
  private RunContents() {}

  /** Every file of a folder and the folders in it. */
  static Map<String, String> of(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    List<Path> files;
    try (Stream<Path> walk = Files.walk(folder)) {
      files = walk.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      contents.put(folder.relativize(file).toString(), content(folder, file));
    }
    return contents;
  }

  private static String content(Path folder, Path file) throws IOException {
    String name = folder.relativize(file).toString();
    if (name.endsWith(ResultFolder.RUNS)) {
      return Results.read(file.getParent()).runs().values().stream()
          .map(r -> RunJson.text(withoutProvenance(r)))
          .collect(Collectors.joining());
    }
    if (name.endsWith("curve.csv")) {
      return Files.readAllLines(file).stream()
          .map(line -> line.substring(0, line.lastIndexOf(',')))
          .collect(Collectors.joining("\n"));
    }
    if (name.endsWith(".safetensors") && !name.startsWith(".")) {
      return tensors(file);
    }
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    return name.endsWith("roles.json")
        ? text.replaceFirst("\"timestamp\": \"[^\"]*\"", "\"timestamp\": \"\"")
        : text;
  }

  /** The same result as if it had been made nowhere and in no time. */
  static RunResult withoutProvenance(RunResult r) {
    RunResult.Provenance nowhere =
        new RunResult.Provenance(
            r.provenance().experiment(),
            r.provenance().specSha256(),
            SourceCommit.UNKNOWN,
            new Software("", "", "", ""),
            new Machine("", "", "", 1, 1),
            "1970-01-01T00:00:00Z",
            0,
            0,
            null);
    return new RunResult(
        r.schemaVersion(),
        r.id(),
        r.run(),
        nowhere,
        r.memory(),
        r.latency(),
        r.metrics(),
        r.bitAgreementByMap(),
        r.notes(),
        r.images(),
        r.attention());
  }

  /** The header without the seconds, and the hash of the bytes after it. */
  private static String tensors(Path file) throws IOException {
    Map<String, String> metadata;
    StringBuilder text = new StringBuilder();
    long data = Long.MAX_VALUE;
    try (TensorSource source = SafetensorsFile.open(file)) {
      metadata = new TreeMap<>(source.metadata());
      for (String name : source.names()) {
        text.append(source.info(name)).append('\n');
        data = Math.min(data, source.info(name).offset());
      }
    }
    metadata.remove("seconds");
    byte[] bytes = Files.readAllBytes(file);
    byte[] values = Arrays.copyOfRange(bytes, (int) data, bytes.length);
    return text.append(metadata).append('\n').append(Sha256.of(values)).toString();
  }
}
