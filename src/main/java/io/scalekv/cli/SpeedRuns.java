package io.scalekv.cli;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.Software;
import io.scalekv.experiment.SourceCommit;
import io.scalekv.experiment.bench.SpeedBench;
import io.scalekv.experiment.bench.SpeedRun;
import io.scalekv.io.AtomicFile;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What the measuring commands share: the plan of a measurement, and its file. */
final class SpeedRuns {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /** The files of runs in a folder. */
  static final String FOLDER = "runs";

  private SpeedRuns() {}

  /** The document of a measured run. */
  static SpeedRun of(
      String name,
      ImageModel model,
      SpeedBench.Plan plan,
      SpeedBench.Measured m,
      CacheOptions.Choice cache,
      GlobalOptions global) {
    ModelConfig config = model.config();
    int[] pixels = model.pixels(plan.drawing().schedule());
    boolean full = cache.budget() == null;
    return new SpeedRun(
        SpeedRun.SCHEMA_VERSION,
        name,
        SourceCommit.current(),
        software(),
        machine(global),
        now(),
        new SpeedRun.Setup(
            config.name(),
            model.weightHash(),
            config.transformer().depth(),
            config.transformer().width(),
            config.transformer().heads(),
            global.dtype(),
            pixels[0],
            pixels[1],
            plan.drawing().schedule().totalTokens(),
            m.textTokens(),
            plan.batch(),
            m.rows(),
            cache.settings().policy().name(),
            cache.budget(),
            full ? null : cache.tokens(),
            cache.settings().keys().toString(),
            cache.settings().values().toString()),
        m.gflop(),
        m.rates(),
        m.generations(),
        m.memory(),
        m.maps());
  }

  /** This machine with the threads that were asked for. */
  static Machine machine(GlobalOptions global) {
    return Machine.here(global.threads().orElse(Runtime.getRuntime().availableProcessors()));
  }

  /** The versions of this build. */
  static Software software() {
    SoftwareVersions v = SoftwareVersions.current();
    return new Software(v.scalekv(), v.java(), v.djl(), v.libtorch());
  }

  /** UTC, whole seconds. */
  static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Writes {@code runs/NAME.json}. */
  static void write(Path folder, SpeedRun run) throws IOException {
    String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(run) + "\n";
    AtomicFile.write(file(folder, run.name()), text.getBytes(StandardCharsets.UTF_8));
  }

  /** Where the run of that name lies. */
  static Path file(Path folder, String name) {
    return folder.resolve(FOLDER).resolve(name + ".json");
  }

  /** Reads a run. */
  static SpeedRun read(Path file) throws IOException {
    try {
      SpeedRun run = MAPPER.readValue(Files.readAllBytes(file), SpeedRun.class);
      if (run.schemaVersion() != SpeedRun.SCHEMA_VERSION) {
        throw new IllegalArgumentException(
            file
                + ": schemaVersion "
                + SpeedRun.SCHEMA_VERSION
                + " expected, got "
                + run.schemaVersion());
      }
      return run;
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          file + ": a run of bench speed expected, got " + e.getOriginalMessage(), e);
    }
  }

  /** All runs of a folder, by name. */
  static List<SpeedRun> readAll(Path folder) throws IOException {
    List<SpeedRun> runs = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.resolve(FOLDER))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        runs.add(read(file));
      }
    }
    return runs;
  }
}
