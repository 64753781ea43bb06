package io.scalekv.experiment;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The commit of the sources that are running. */
public final class SourceCommit {
  /** Where there is no git or no repository. */
  public static final String UNKNOWN = "unknown";

  private SourceCommit() {}

  /** The commit's hash, with {@code -dirty} where tracked files were changed. */
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
    List<String> words =
        List.of("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*");
    try {
      Process git =
          new ProcessBuilder(words)
              .directory(folder.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      git.getOutputStream().close();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      boolean ended = git.waitFor(1, TimeUnit.MINUTES) && git.exitValue() == 0;
      return ended && said.matches("[0-9a-f]{40,64}(-dirty)?") ? said : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return UNKNOWN;
    }
  }
}
