package io.scalekv.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Versions of the software that made a result.
 *
 * @param scalekv version of this project
 * @param djl version of Deep Java Library
 * @param libtorch version of PyTorch's native library
 * @param java version of the running Java
 */
public record Software(String scalekv, String djl, String libtorch, String java) {
  private static final String VERSIONS = "/io/scalekv/cli/versions.properties";

  /** Returns the versions of this build and of the Java it runs on. */
  public static Software current() {
    Properties properties = new Properties();
    try (InputStream in = Software.class.getResourceAsStream(VERSIONS)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Software(
        properties.getProperty("scalekv"),
        properties.getProperty("djl"),
        properties.getProperty("libtorch"),
        Runtime.version().toString());
  }

  /** Returns the versions by name. */
  public SortedMap<String, String> byName() {
    return new TreeMap<>(
        Map.of("scalekv", scalekv, "djl", djl, "libtorch", libtorch, "java", java));
  }

  @Override
  public String toString() {
    return "scalekv %s%nDJL %s, libtorch %s, Java %s".formatted(scalekv, djl, libtorch, java);
  }
}
