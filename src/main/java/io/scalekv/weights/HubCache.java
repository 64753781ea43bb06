package io.scalekv.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Folder of a repository in a cache of the Hugging Face hub ({@code models--OWNER--NAME}): {@code
 * refs} names the snapshot of each branch, {@code snapshots} holds their files as links.
 */
public final class HubCache {
  private static final Pattern REVISION = Pattern.compile("[0-9a-zA-Z]{1,64}");

  private HubCache() {}

  /**
   * Returns the snapshot of the branch {@code main} of a cached repository, or its only snapshot;
   * any other folder unchanged.
   */
  public static Path resolve(Path folder) {
    Path snapshots = folder.resolve("snapshots");
    if (!Files.isDirectory(snapshots)) {
      return folder;
    }
    try (Stream<Path> list = Files.list(snapshots)) {
      Path main = folder.resolve("refs").resolve("main");
      if (Files.isRegularFile(main)) {
        String revision = Files.readString(main).strip();
        Path named = REVISION.matcher(revision).matches() ? snapshots.resolve(revision) : snapshots;
        return Files.isDirectory(named) && !named.equals(snapshots) ? named : folder;
      }
      List<Path> all = list.filter(Files::isDirectory).limit(2).toList();
      return all.size() == 1 ? all.get(0) : folder;
    } catch (IOException e) {
      throw WeightsFileException.io(folder, "cannot read", e);
    }
  }
}
