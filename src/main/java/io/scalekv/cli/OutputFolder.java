package io.scalekv.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/** Output folder of a command. */
final class OutputFolder {
  private static final Set<PosixFilePermission> WRITE =
      Set.of(
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_WRITE);

  private OutputFolder() {}

  /**
   * Creates the folder and makes sure that files can be written there, before any work starts. A
   * folder without any write permission is refused for every user, root too.
   *
   * @param folder the folder; missing parents are created with it
   * @return the same folder
   * @throws UncheckedIOException with one line, if it cannot be used
   */
  static Path prepare(Path folder) {
    try {
      check(folder);
      Files.createDirectories(folder);
      if (!Files.isWritable(folder)) {
        throw refused(folder, "cannot be written to", null);
      }
      return folder;
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
      throw refused(folder, "cannot be written to (" + reason + ")", e);
    } catch (IOException e) {
      throw refused(folder, "cannot be written to (" + e.getMessage() + ")", e);
    }
  }

  /** Refuses a file in the way, and a folder above that is read-only. */
  private static void check(Path folder) throws IOException {
    Path existing = folder.toAbsolutePath();
    while (!Files.isDirectory(existing)) {
      if (Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
        String what = Files.isRegularFile(existing) ? "a file" : "a link that leads to no folder";
        throw refused(folder, "must be a folder, but " + existing + " is " + what, null);
      }
      existing = existing.getParent();
    }
    PosixFileAttributeView view =
        Files.getFileAttributeView(existing, PosixFileAttributeView.class);
    if (view != null && view.readAttributes().permissions().stream().noneMatch(WRITE::contains)) {
      throw refused(folder, existing + " is read-only", null);
    }
  }

  private static UncheckedIOException refused(Path folder, String why, IOException cause) {
    return new UncheckedIOException(
        new IOException("output folder %s: %s".formatted(folder, why), cause));
  }
}
