package io.scalekv.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Atomic writing of files: whole or not at all. Several processes on several hosts may write to one
 * folder, even the same file: each uses separate temporary files, and the last to finish wins.
 */
public final class AtomicFile {
  private static final String HOST = host();
  private static final AtomicLong WRITES = new AtomicLong();
  private static final Pattern PART = Pattern.compile("\\..*\\.([^.]+)\\.([0-9]+)-[0-9]+\\.part");

  private AtomicFile() {}

  /** Content of a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes the content to an empty file. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes the bytes to a temporary file in the same folder, which is created if missing, then
   * renames it.
   */
  public static void write(Path file, byte[] bytes) throws IOException {
    replace(file, temporary -> Files.write(temporary, bytes));
  }

  /** Writes a content to a temporary file, forces it to disk, then renames it. */
  public static void write(Path file, Content content) throws IOException {
    replace(
        file,
        temporary -> {
          try (FileChannel channel =
              FileChannel.open(
                  temporary,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE)) {
            content.writeTo(channel);
            channel.force(true);
          }
        });
  }

  /** Writer of a temporary file. */
  private interface Writer {
    void write(Path temporary) throws IOException;
  }

  private static void replace(Path file, Writer writer) throws IOException {
    Path target = file.toAbsolutePath();
    Files.createDirectories(target.getParent());
    Path temporary = temporary(target);
    try {
      writer.write(temporary);
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw named(file, e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Returns a temporary file next to another, for callers that write and rename it themselves. */
  public static Path temporary(Path file) {
    String part = part(file.getFileName().toString(), ProcessHandle.current().pid());
    return file.resolveSibling(part);
  }

  /** Returns a disk failure with the name of the file, which a full disk does not report. */
  public static IOException named(Path file, IOException e) {
    if (e instanceof FileSystemException) {
      return e;
    }
    IOException named = new FileSystemException(file.toString(), null, e.getMessage());
    named.initCause(e);
    return named;
  }

  /** Returns the name of the next temporary file of a process on this host. */
  static String part(String name, long pid) {
    return ".%s.%s.%d-%d.part".formatted(name, HOST, pid, WRITES.incrementAndGet());
  }

  /** Removes, at any depth, temporary files of processes on this host that no longer run. */
  public static void removeLeft(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> parts;
    try (Stream<Path> files = Files.find(folder, Integer.MAX_VALUE, (file, a) -> left(file))) {
      parts = files.toList();
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof NoSuchFileException) {
        return; // another process has just renamed one of its files
      }
      throw e;
    }
    for (Path part : parts) {
      Files.deleteIfExists(part);
    }
  }

  private static boolean left(Path file) {
    Matcher name = PART.matcher(file.getFileName().toString());
    return name.matches()
        && name.group(1).equals(HOST)
        && ProcessHandle.of(Long.parseLong(name.group(2))).isEmpty();
  }

  /** Returns the name of this host for a file name; from the kernel, without the network. */
  private static String host() {
    Path kernel = Path.of("/proc/sys/kernel/hostname");
    String name;
    try {
      name =
          Files.isReadable(kernel)
              ? Files.readString(kernel).strip()
              : InetAddress.getLocalHost().getHostName();
    } catch (IOException e) {
      name = "localhost";
    }
    return name.replaceAll("[^A-Za-z0-9_-]", "_");
  }
}
