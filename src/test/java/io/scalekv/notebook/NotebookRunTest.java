package io.scalekv.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.scalekv.notebook.Notebook.Cell;
import io.scalekv.notebook.Notebook.Output;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zeromq.ZMQ;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs every notebook as a user would, in a kernel of its own by {@code jupyter nbconvert}, and
 * compares what it says with what is saved: words and whole numbers must be equal; other numbers
 * too, but where a model draws, 2 % are left for the rounding of another processor. Pictures must
 * have the saved size. {@code -Dnotebooks.save=true} saves the new outputs instead.
 */
@Tag("full")
final class NotebookRunTest {
  private static final String NBCONVERT = "jupyter-nbconvert";
  private static final int MINUTES = 30;
  private static final double OTHER_PROCESSOR = 0.02;
  private static final Pattern NUMBER = Pattern.compile("[-+]?\\d+(\\.\\d+)?");

  @TempDir private static Path folder;

  static List<String> names() {
    return Notebook.NAMES;
  }

  @BeforeAll
  static void kernelSpec() throws Exception {
    Path kernel = Files.createDirectories(folder.resolve("kernels/java"));
    Map<String, Object> spec =
        Map.of(
            "argv",
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                "-cp",
                kernelClassPath(),
                NotebookKernel.class.getName(),
                "{connection_file}"),
            "display_name",
            "Java",
            "language",
            "java");
    Files.writeString(
        kernel.resolve("kernel.json"), JsonMapper.builder().build().writeValueAsString(spec));
  }

  /** The kernel and its wire, and nothing of the project: that is for the notebook to name. */
  private static String kernelClassPath() throws IOException, URISyntaxException {
    Path kernel = Files.createDirectories(folder.resolve("kernel/io/scalekv/notebook"));
    Path classes = place(NotebookKernel.class);
    try (var files = Files.list(classes.resolve("io/scalekv/notebook"))) {
      for (Path f : files.toList()) {
        Files.copy(f, kernel.resolve(f.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Set<String> path = new LinkedHashSet<>(List.of(folder.resolve("kernel").toString()));
    for (Class<?> c : List.of(BaseKernel.class, Gson.class, ZMQ.class)) {
      path.add(place(c).toString());
    }
    return String.join(File.pathSeparator, path);
  }

  private static Path place(Class<?> c) throws URISyntaxException {
    return Path.of(c.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  @ParameterizedTest
  @MethodSource("names")
  void saysWhatIsSaved(String name) throws Exception {
    Path executed = execute(name);
    if (Boolean.getBoolean("notebooks.save")) {
      Files.copy(executed, Notebook.file(name), StandardCopyOption.REPLACE_EXISTING);
      return;
    }
    Notebook saved = Notebook.read(Notebook.file(name));
    Notebook now = Notebook.read(executed);
    boolean draws =
        saved.code().stream()
            .anyMatch(c -> c.source().contains("Lab.open") || c.source().contains("Sweep.of"));
    assertEquals(saved.code().size(), now.code().size());
    for (int i = 0; i < saved.code().size(); i++) {
      compare(name, saved.code().get(i), now.code().get(i), draws ? OTHER_PROCESSOR : 0);
    }
  }

  /** Runs a notebook; a cell that fails fails the test. */
  private static Path execute(String name) throws Exception {
    assumeTrue(
        onPath(NBCONVERT),
        NBCONVERT
            + " not found on the PATH; on Debian: apt-get install jupyter-nbconvert"
            + " jupyter-client");
    Path log = folder.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                NBCONVERT,
                "--to",
                "notebook",
                "--execute",
                "--ExecutePreprocessor.record_timing=False",
                "--ExecutePreprocessor.startup_timeout=300",
                "--ExecutePreprocessor.timeout=" + 60 * MINUTES,
                "--output-dir",
                folder.resolve("executed").toString(),
                Notebook.file(name).toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("JUPYTER_PATH", folder.toString());
    for (String own : List.of("CONFIG", "DATA", "RUNTIME")) {
      builder.environment().put("JUPYTER_" + own + "_DIR", folder.resolve("jupyter").toString());
    }
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(MINUTES, TimeUnit.MINUTES), name + ": still running");
    } finally {
      process.destroy();
    }
    if (process.exitValue() != 0) {
      fail(name + ":\n" + Files.readString(log));
    }
    return folder.resolve("executed").resolve(name + ".ipynb");
  }

  private static boolean onPath(String program) {
    return Pattern.compile(File.pathSeparator)
        .splitAsStream(System.getenv("PATH"))
        .anyMatch(f -> Files.isExecutable(Path.of(f, program)));
  }

  private static void compare(String name, Cell saved, Cell now, double tolerance)
      throws IOException {
    String where = name + ": " + saved.source() + "\n";
    assertEquals(printed(saved).size(), printed(now).size(), where + "texts");
    for (int i = 0; i < printed(saved).size(); i++) {
      assertSame(where, printed(saved).get(i), printed(now).get(i), tolerance);
    }
    assertEquals(sizes(saved), sizes(now), where + "sizes of the pictures");
  }

  private static List<String> printed(Cell cell) {
    return cell.outputs().stream().filter(o -> !o.picture()).map(Output::text).toList();
  }

  private static List<String> sizes(Cell cell) throws IOException {
    List<String> sizes = new ArrayList<>();
    for (Output o : cell.outputs()) {
      if (o.picture()) {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(o.png()));
        sizes.add(image.getWidth() + "x" + image.getHeight());
      }
    }
    return sizes;
  }

  /** Equal words and whole numbers; other numbers up to the tolerance and the last digit. */
  static void assertSame(String where, String saved, String now, double tolerance) {
    if (saved.equals(now)) {
      return;
    }
    String both =
        where
            + "saved:\n"
            + saved
            + "\nnow:\n"
            + now
            + "\nafter a wanted change save the new outputs: -Dnotebooks.save=true";
    assertEquals(words(saved), words(now), both);
    Matcher a = NUMBER.matcher(saved);
    Matcher b = NUMBER.matcher(now);
    while (a.find() && b.find()) {
      if (tolerance == 0 || a.group(1) == null || b.group(1) == null) {
        assertEquals(a.group(), b.group(), both);
        continue;
      }
      double x = Double.parseDouble(a.group());
      double y = Double.parseDouble(b.group());
      double lastDigit = Math.pow(10, 1 - a.group(1).length());
      assertEquals(x, y, tolerance * Math.abs(x) + 1.001 * lastDigit, both);
    }
  }

  private static String words(String text) {
    return NUMBER.matcher(text).replaceAll("#").replaceAll(" +", " ");
  }
}
