package io.scalekv.experiment.folders;

import io.scalekv.io.AtomicFile;
import io.scalekv.metrics.Metric;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * File of one {@link PairScore} a line, to which scores are added as they are made. Lines that an
 * interrupted process left are found again; those that cannot be used are dropped.
 */
final class PairFile implements AutoCloseable {
  private final Path file;
  private final List<Metric> metrics;
  private final Map<String, PairScore> found = new LinkedHashMap<>();
  private Writer writer;

  private PairFile(Path file, List<Metric> metrics) {
    this.file = file;
    this.metrics = metrics;
  }

  /**
   * Opens a file.
   *
   * @param file null for no file at all
   * @param settings hash of the settings that usable lines have
   */
  static PairFile open(Path file, List<Metric> metrics, String settings) throws IOException {
    PairFile pairs = new PairFile(file, metrics);
    if (file != null) {
      if (Files.exists(file)) {
        pairs.read(settings);
      }
      pairs.write(pairs.found.values());
      pairs.writer =
          Files.newBufferedWriter(file, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    }
    return pairs;
  }

  private void read(String settings) throws IOException {
    List<String> lines;
    try {
      lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (MalformedInputException e) {
      return;
    }
    for (String line : lines) {
      try {
        PairScore.read(line, metrics)
            .filter(p -> p.settings().equals(settings))
            .ifPresent(p -> found.put(key(p.images(), p.candidate(), p.id()), p));
      } catch (IllegalArgumentException e) {
        // cut off, or of another program
      }
    }
  }

  private static String key(String images, String candidate, String id) {
    return images + "\n" + candidate + "\n" + id;
  }

  /** Returns the score of a pair that was found in the file. */
  Optional<PairScore> find(String images, String candidate, String id) {
    return Optional.ofNullable(found.get(key(images, candidate, id)));
  }

  /** Adds a score. */
  void append(PairScore score) {
    if (writer != null) {
      try {
        writer.write(score.json(metrics) + "\n");
      } catch (IOException e) {
        throw new UncheckedIOException(AtomicFile.named(file, e));
      }
    }
  }

  /** Hands the added lines to the disk. */
  void flush() throws IOException {
    if (writer != null) {
      try {
        writer.flush();
      } catch (IOException e) {
        throw AtomicFile.named(file, e);
      }
    }
  }

  /** Replaces the lines by these, atomically. */
  void write(Iterable<PairScore> scores) throws IOException {
    if (file != null) {
      StringBuilder text = new StringBuilder();
      scores.forEach(s -> text.append(s.json(metrics)).append('\n'));
      AtomicFile.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  @Override
  public void close() throws IOException {
    if (writer != null) {
      writer.close();
    }
  }
}
