package io.scalekv.experiment;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Commit of the running sources. */
public final class SourceCommit {
  /** Where there is no git or no repository. */
  public static final String UNKNOWN = "unknown";

  private static final String RESULTS = "results";

  private SourceCommit() {}

  /**
   * Returns the commit's hash, with {@code -dirty} where tracked files were changed. Results do not
   * count: to run a run again changes them, and no source.
   */
  public static String current() {
    CodeSource code = SourceCommit.class.getProtectionDomain().getCodeSource();
    if (code == null) {
      return UNKNOWN;
    }
    try {
      Path place = Path.of(code.getLocation().toURI());
      return of(Files.isDirectory(place) ? place : place.toAbsolutePath().getParent());
    } catch (URISyntaxException e) {
      return UNKNOWN;
    }
  }

  /** That of the repository a folder is in. */
  static String of(Path folder) {
    String top = git(folder, "rev-parse", "--show-toplevel");
    String head = git(folder, "rev-parse", "HEAD");
    if (top == null || head == null || !head.matches("[0-9a-f]{40,64}")) {
      return UNKNOWN;
    }
    String changed =
        git(
            Path.of(top),
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ".",
            ":(exclude)" + RESULTS);
    return changed == null ? UNKNOWN : changed.isEmpty() ? head : head + "-dirty";
  }

  /** Returns the output of git, or null where it fails. */
  private static String git(Path folder, String... words) {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(words));
    try {
      Process git =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      git.getOutputStream().close();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      return git.waitFor(1, TimeUnit.MINUTES) && git.exitValue() == 0 ? said : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
