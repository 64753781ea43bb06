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
      refuseFileInTheWay(folder);
      refuseReadOnly(folder);
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

  private static void refuseFileInTheWay(Path folder) {
    for (Path path = folder.toAbsolutePath(); path != null; path = path.getParent()) {
      if (Files.isDirectory(path)) {
        return;
      }
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        String what = Files.isRegularFile(path) ? "a file" : "a link that leads to no folder";
        throw refused(folder, "must be a folder, but " + path + " is " + what, null);
      }
    }
  }

  private static void refuseReadOnly(Path folder) throws IOException {
    Path existing = folder.toAbsolutePath();
    while (existing != null && !Files.isDirectory(existing)) {
      existing = existing.getParent();
    }
    if (existing == null) {
      return;
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
