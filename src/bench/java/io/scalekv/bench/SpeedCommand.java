package io.scalekv.bench;

import io.scalekv.experiment.SourceCommit;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Software;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Whole generations of one configuration against the matrix rate of the same process. */
@Command(name = "speed", description = "Measure whole generations; adds a row to speed.md.")
final class SpeedCommand implements Callable<Integer> {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  @Mixin private Setup setup = new Setup();

  @Option(names = "--repeats", defaultValue = "5", description = "Generations after a warm-up.")
  private int repeats;

  @Option(names = "--codes", description = "Stop after the token maps.")
  private boolean codes;

  @Option(names = "--ops", description = "Also profile the native operations of one batch.")
  private boolean ops;

  @Option(names = "--gemm-side", defaultValue = "1024", description = "Side of the matrices.")
  private int gemmSide;

  @Override
  public Integer call() throws IOException {
    Path runs = Files.createDirectories(setup.out.resolve("runs"));
    SpeedBench.Plan plan = setup.plan(!codes, repeats);
    try (ImageModel model = setup.open();
        GemmRate gemm = new GemmRate(gemmSide, gemmSide < 256 ? 0 : 0.3)) {
      SpeedRun run =
          of(model, plan, SpeedBench.run(model, plan, setup.seed, gemm, System.err::println));
      AtomicFile.write(
          runs.resolve(run.name() + ".json"),
          MAPPER
              .writerWithDefaultPrettyPrinter()
              .writeValueAsString(run)
              .getBytes(StandardCharsets.UTF_8));
      SpeedReport.speed(setup.out, readAll(runs));
      if (ops) {
        SpeedReport.ops(setup.out, run, SpeedBench.ops(model, plan, setup.seed));
      }
      System.out.printf(
          "%s: %.3f s, %.1f GFLOP/s, %.0f %% of the limit%n",
          run.name(),
          run.median(SpeedRun.Generation::seconds),
          run.gflopPerSecond(),
          100 * run.ofLimit());
    }
    return 0;
  }

  private SpeedRun of(ImageModel model, SpeedBench.Plan plan, SpeedBench.Measured m) {
    ModelConfig config = model.config();
    int[] pixels = model.config().pixels(plan.drawing().schedule());
    boolean full = setup.policy.equals("full");
    return new SpeedRun(
        SpeedRun.SCHEMA_VERSION,
        setup.name() + (codes ? "-codes" : ""),
        SourceCommit.current(),
        Software.current(),
        setup.machine(),
        Setup.now(),
        new SpeedRun.Setup(
            config.name(),
            model.weightHash(),
            config.geometry().layers(),
            config.geometry().width(),
            config.geometry().heads(),
            setup.dtype,
            pixels[0],
            pixels[1],
            plan.drawing().schedule().totalTokens(),
            m.textTokens(),
            plan.batch(),
            m.rows(),
            setup.policy,
            full ? null : setup.budget,
            full ? null : setup.tokens(plan.drawing().schedule()),
            plan.cache().keys().toString(),
            plan.cache().values().toString()),
        m.gflop(),
        m.rates(),
        m.generations(),
        m.memory(),
        m.maps());
  }

  private static List<SpeedRun> readAll(Path runs) throws IOException {
    List<SpeedRun> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(runs)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        all.add(MAPPER.readValue(Files.readAllBytes(file), SpeedRun.class));
      }
    }
    return all;
  }
}
