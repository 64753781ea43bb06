package io.scalekv.experiment.folders;

import io.scalekv.experiment.PolicyImages;
import io.scalekv.image.ImageFile;
import io.scalekv.io.Require;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Folder of images, at any depth.
 *
 * @param name short name in tables
 * @param path the folder
 * @param files images by id: relative name without extension, with {@code /}
 */
public record ImageFolder(String name, Path path, SortedMap<String, Path> files) {
  /** Copies the files. */
  public ImageFolder {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /**
   * Reads folders; none of them looks into another one, and hidden files are passed over. Names are
   * those of the folders, or whole paths where these are not unique.
   *
   * @param out folder of results, which is not searched either; may be null
   * @throws IllegalArgumentException if one is no folder, has no image, or two of an id
   */
  static List<ImageFolder> read(List<Path> paths, Path out) throws IOException {
    List<Path> all = new ArrayList<>(paths);
    if (out != null) {
      all.add(out);
    }
    List<String> names = paths.stream().map(ImageFolder::last).toList();
    List<ImageFolder> folders = new ArrayList<>();
    for (Path path : paths) {
      boolean unique = Collections.frequency(names, last(path)) == 1;
      folders.add(new ImageFolder(unique ? last(path) : path.toString(), path, files(path, all)));
    }
    return folders;
  }

  /**
   * Returns the images under the names of another folder's where they differ by the seed alone, as
   * in {@code p0003-s17} of {@code generate}: the seeds of a prompt are paired in their order.
   */
  ImageFolder named(ImageFolder other) {
    Map<String, List<String>> seeds = bySeed(files);
    SortedMap<String, Path> named = new TreeMap<>();
    bySeed(other.files)
        .forEach(
            (prompt, ids) -> {
              List<String> own = seeds.getOrDefault(prompt, List.of());
              for (int i = 0; i < Math.min(own.size(), ids.size()); i++) {
                named.put(ids.get(i), files.get(own.get(i)));
              }
            });
    return named.isEmpty() ? this : new ImageFolder(name, path, named);
  }

  /** Returns ids by the part before their seed, by rising seed. */
  private static Map<String, List<String>> bySeed(SortedMap<String, Path> files) {
    Map<String, List<String>> byPrompt = new TreeMap<>();
    files.keySet().stream()
        .filter(id -> id.matches(".*-s[0-9]{1,18}"))
        .sorted(Comparator.comparingLong(id -> Long.parseLong(id.substring(seed(id)))))
        .forEach(
            id ->
                byPrompt
                    .computeIfAbsent(id.substring(0, seed(id)), p -> new ArrayList<>())
                    .add(id));
    return byPrompt;
  }

  private static int seed(String id) {
    return id.lastIndexOf("-s") + 2;
  }

  private static String last(Path path) {
    Path name = path.toAbsolutePath().normalize().getFileName();
    return name == null ? path.toString() : name.toString();
  }

  private static SortedMap<String, Path> files(Path root, Collection<Path> all) throws IOException {
    Require.that(
        Files.isDirectory(root),
        "%s must be a folder of images, got %s",
        root,
        Files.exists(root) ? "a file" : "nothing there");
    Set<Path> others =
        all.stream()
            .map(p -> p.toAbsolutePath().normalize())
            .filter(p -> !p.equals(root.toAbsolutePath().normalize()))
            .collect(Collectors.toSet());
    SortedMap<String, Path> files = new TreeMap<>();
    Files.walkFileTree(
        root,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        Integer.MAX_VALUE,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
            boolean skipped =
                !folder.equals(root)
                    && (hidden(folder) || others.contains(folder.toAbsolutePath().normalize()));
            return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
            if (!hidden(file) && ImageFile.isNamed(file) && !PolicyImages.isOverview(file)) {
              Path before = files.put(id(root, file), file);
              Require.that(
                  before == null, "%s must hold one image of a name, got %s, too", before, file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    Require.that(
        !files.isEmpty(),
        "%s must hold images (%s), got none",
        root,
        String.join(", ", ImageFile.EXTENSIONS));
    return files;
  }

  private static boolean hidden(Path file) {
    return file.getFileName().toString().startsWith(".");
  }

  private static String id(Path root, Path file) {
    String relative = root.relativize(file).toString().replace('\\', '/');
    return relative.substring(0, relative.lastIndexOf('.'));
  }
}
