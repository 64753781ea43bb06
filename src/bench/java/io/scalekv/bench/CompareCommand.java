package io.scalekv.bench;

import io.scalekv.cache.Geometry;
import io.scalekv.cache.TokenMap;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Software;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.commons.math3.stat.StatUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/**
 * Generations of this project and of a PyTorch stack of the same arithmetic, drawn in turn; each
 * side is warm in a process of its own, with the allocator settings of the launcher.
 */
@Command(
    name = "compare",
    description = "Draw in turn with this project and with PyTorch; adds a row to compare.md.")
final class CompareCommand implements Callable<Integer> {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final String HEADER =
      """
      | what | dtype | batch | threads | Java s [min, max] | PyTorch s [min, max] | ratio of pairs,\
       median [min, max] | Java peak MiB | PyTorch peak MiB | busy cores Java, PyTorch | rounds |\
       torch, libtorch, processor |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
      """;

  @Mixin private Setup setup = new Setup();

  @Option(names = "--python", required = true, description = "Python with PyTorch.")
  private String python;

  @Option(names = "--rounds", defaultValue = "5", description = "Drawings of each side.")
  private int rounds;

  /** One drawing. */
  record Drawn(double seconds, double cpuSeconds, double peakRssMiB, String torch) {}

  @Override
  public Integer call() throws IOException {
    SpeedBench.Plan plan = setup.plan(false, rounds);
    Geometry geometry = setup.config().geometry();
    String asked =
        MAPPER.writeValueAsString(
            Map.of(
                "layers", geometry.layers(),
                "width", geometry.width(),
                "heads", geometry.heads(),
                "dtype", setup.dtype,
                "batch", setup.batch,
                "sides", plan.drawing().schedule().maps().stream().map(TokenMap::height).toList()));
    List<Drawn> ours = new ArrayList<>();
    List<Drawn> theirs = new ArrayList<>();
    ProcessBuilder builder =
        new ProcessBuilder(python, Path.of("src/bench/python/torch_stack.py").toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().keySet().removeAll(List.of("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"));
    Process worker = builder.start();
    try (ImageModel model = setup.open();
        OutputStream in = worker.getOutputStream();
        BufferedReader out = worker.inputReader(StandardCharsets.UTF_8)) {
      List<Prompt> prompts = SpeedBench.prompts(setup.config(), setup.batch, setup.seed);
      for (int round = 0; round <= rounds; round++) {
        Drawn java = draw(model, plan, prompts);
        in.write((asked + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        String answer = out.readLine();
        if (answer == null) {
          throw new IOException("PyTorch ended: " + python);
        }
        Drawn torch = MAPPER.readValue(answer, Drawn.class);
        System.err.printf(
            "%sJava %.2f s, PyTorch %.2f s%n",
            round == 0 ? "(warm-up) " : "", java.seconds(), torch.seconds());
        if (round > 0) {
          ours.add(java);
          theirs.add(torch);
        }
      }
    } finally {
      worker.destroy();
    }
    String row = row(ours, theirs);
    Path table = Files.createDirectories(setup.out).resolve("compare.md");
    String text = Files.exists(table) ? Files.readString(table) : HEADER;
    AtomicFile.write(table, (text + row).getBytes(StandardCharsets.UTF_8));
    System.out.print(HEADER + row);
    return 0;
  }

  private static Drawn draw(ImageModel model, SpeedBench.Plan plan, List<Prompt> prompts) {
    double cpu = ProcessMemory.cpuSeconds();
    long begun = System.nanoTime();
    SpeedBench.draw(model, plan, prompts);
    double seconds = (System.nanoTime() - begun) / 1e9;
    Long peak = ProcessMemory.peakRssMiB();
    return new Drawn(
        seconds, ProcessMemory.cpuSeconds() - cpu, peak == null ? Double.NaN : peak, null);
  }

  private String row(List<Drawn> ours, List<Drawn> theirs) {
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      ratios[i] = ours.get(i).seconds() / theirs.get(i).seconds();
    }
    Geometry g = setup.config().geometry();
    return String.format(
        Locale.ROOT,
        "| %d x %d, %d heads, %d tokens, %s | %s | %d | %d | %s | %s | %s | %.0f | %.0f | %.2f,"
            + " %.2f | %d | %s, %s, %s |%n",
        g.layers(),
        g.width(),
        g.heads(),
        setup.plan(false, 1).drawing().schedule().totalTokens(),
        setup.policy.equals("full") ? "full" : setup.policy + " " + setup.budget,
        setup.dtype,
        setup.batch,
        setup.threads,
        spread(ours.stream().mapToDouble(Drawn::seconds).toArray()),
        spread(theirs.stream().mapToDouble(Drawn::seconds).toArray()),
        spread(ratios),
        ours.get(0).peakRssMiB(),
        theirs.get(0).peakRssMiB(),
        busy(ours),
        busy(theirs),
        rounds,
        theirs.get(0).torch(),
        Software.current().libtorch(),
        setup.machine().cpu());
  }

  private static double busy(List<Drawn> drawn) {
    return drawn.stream().mapToDouble(Drawn::cpuSeconds).sum()
        / drawn.stream().mapToDouble(Drawn::seconds).sum();
  }

  private static String spread(double[] x) {
    return String.format(
        Locale.ROOT,
        "%.2f [%.2f, %.2f]",
        StatUtils.percentile(x, 50),
        StatUtils.min(x),
        StatUtils.max(x));
  }
}
