package io.scalekv.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * The software a result was made with.
 *
 * @param scalekv version of this project
 * @param djl version of Deep Java Library
 * @param libtorch version of PyTorch's native library
 * @param java version of the running Java
 */
public record SoftwareVersions(String scalekv, String djl, String libtorch, String java) {
  /** Returns the versions of this build and of the Java it runs on. */
  public static SoftwareVersions current() {
    Properties properties = new Properties();
    try (InputStream in = SoftwareVersions.class.getResourceAsStream("versions.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new SoftwareVersions(
        properties.getProperty("scalekv"),
        properties.getProperty("djl"),
        properties.getProperty("libtorch"),
        Runtime.version().toString());
  }

  @Override
  public String toString() {
    return "scalekv %s\nDJL %s, libtorch %s, Java %s".formatted(scalekv, djl, libtorch, java);
  }
}
