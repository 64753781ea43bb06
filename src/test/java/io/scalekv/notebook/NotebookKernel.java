package io.scalekv.notebook;

import io.github.spencerpark.jupyter.channels.JupyterConnection;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.github.spencerpark.jupyter.kernel.KernelConnectionProperties;
import io.github.spencerpark.jupyter.kernel.LanguageInfo;
import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import io.github.spencerpark.jupyter.kernel.display.common.Image;
import io.github.spencerpark.jupyter.kernel.util.GlobFinder;
import java.awt.image.RenderedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;

/**
 * A Jupyter kernel for the long tests, just large enough for the notebooks: Java through JShell,
 * the magic {@code %classpath} with the meaning that it has in JJava (folders, jars and globs,
 * relative to the notebook), the value of a cell's last expression as its result, pictures as PNG.
 */
public final class NotebookKernel extends BaseKernel {
  private static final String CLASSPATH = "%classpath";

  /** Snippets whose value is shown; a declaration and an assignment are not among them. */
  private static final Set<Snippet.SubKind> EXPRESSIONS =
      EnumSet.of(
          Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND,
          Snippet.SubKind.VAR_VALUE_SUBKIND,
          Snippet.SubKind.OTHER_EXPRESSION_SUBKIND);

  private final KeepingControl control = new KeepingControl();
  private final JShell shell =
      JShell.builder().executionEngine(KeepingControl.provider(control), null).build();

  /** A kernel with an empty class path. */
  NotebookKernel() {
    Image.registerAll(getRenderer());
  }

  /**
   * Serves one connection until it is told to stop.
   *
   * @param arguments the connection file that Jupyter wrote
   */
  public static void main(String... arguments) throws Exception {
    String connection = Files.readString(Path.of(arguments[0]));
    JupyterConnection jupyter = new JupyterConnection(KernelConnectionProperties.parse(connection));
    new NotebookKernel().becomeHandlerForConnection(jupyter);
    jupyter.connect();
    jupyter.waitUntilClose();
    System.exit(0);
  }

  @Override
  public LanguageInfo getLanguageInfo() {
    return new LanguageInfo.Builder("Java")
        .version(String.valueOf(Runtime.version().feature()))
        .mimetype("text/x-java-source")
        .fileExtension(".java")
        .pygments("java")
        .codemirror("java")
        .build();
  }

  @Override
  public DisplayData eval(String cell) throws Exception {
    Object value = run(cell);
    if (value == null) {
      return null;
    }
    DisplayData shown = getRenderer().render(value);
    if (value instanceof RenderedImage image) {
      shown.putText("%d x %d pixels".formatted(image.getWidth(), image.getHeight()));
    }
    return shown;
  }

  /** The value of the last expression of a cell; null for none. */
  Object run(String cell) throws Exception {
    List<String> code = new ArrayList<>();
    for (String line : cell.lines().toList()) {
      if (!line.startsWith("%")) {
        code.add(line);
      } else if (line.startsWith(CLASSPATH + " ")) {
        addToClasspath(line.substring(CLASSPATH.length()).trim().split("\\s+"));
      } else {
        throw new IllegalArgumentException("magic: " + CLASSPATH + " expected, got " + line);
      }
    }
    Object value = null;
    String rest = String.join("\n", code);
    while (!rest.isBlank()) {
      SourceCodeAnalysis.CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
      if (!next.completeness().isComplete()) {
        throw new IllegalArgumentException(
            next.completeness().toString().toLowerCase(Locale.ROOT) + ": " + rest.strip());
      }
      value = snippet(next.source());
      rest = next.remaining();
    }
    return value;
  }

  private void addToClasspath(String... patterns) throws IOException {
    for (String pattern : patterns) {
      String paths = paths(pattern);
      if (paths.isEmpty()) {
        throw new IllegalArgumentException(
            CLASSPATH + ": a folder or jars expected, nothing found at " + pattern);
      }
      shell.addToClasspath(paths);
    }
  }

  private static String paths(String pattern) throws IOException {
    List<String> paths = new ArrayList<>();
    try {
      for (Path path : new GlobFinder(pattern).computeMatchingPaths()) {
        paths.add(path.toAbsolutePath().normalize().toString());
      }
    } catch (NoSuchFileException e) {
      return "";
    }
    return String.join(File.pathSeparator, paths);
  }

  private Object snippet(String source) throws Exception {
    Object value = null;
    for (SnippetEvent event : shell.eval(source)) {
      if (event.causeSnippet() != null) {
        continue;
      }
      if (event.exception() instanceof EvalException e) {
        throw new IllegalStateException(e.getExceptionClassName() + ": " + e.getMessage(), e);
      }
      if (event.exception() != null) {
        throw event.exception();
      }
      if (event.status() != Snippet.Status.VALID) {
        throw new IllegalArgumentException(reasons(event.snippet()) + "\n" + source.strip());
      }
      boolean shown = EXPRESSIONS.contains(event.snippet().subKind());
      value = shown ? control.value() : null;
    }
    return value;
  }

  private String reasons(Snippet snippet) {
    String said =
        shell
            .diagnostics(snippet)
            .map(d -> d.getMessage(Locale.ROOT))
            .collect(Collectors.joining("; "));
    return said.isEmpty() ? "the snippet refers to something undefined" : said;
  }
}
