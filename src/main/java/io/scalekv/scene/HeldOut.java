package io.scalekv.scene;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Captions held out from training: those of the three scene files of the folder
 * calibration-prompts, shipped as a resource. The caption with the other order of objects is held
 * out too.
 */
public final class HeldOut {
  private static final String RESOURCE = "held-out.txt";
  static final Set<String> CAPTIONS = read();

  private HeldOut() {}

  /** Returns whether the scene, or its mirror, is held out. */
  public static boolean contains(Scene scene) {
    return CAPTIONS.contains(scene.caption()) || CAPTIONS.contains(scene.mirrored().caption());
  }

  private static Set<String> read() {
    try (InputStream in = HeldOut.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("resource " + RESOURCE + " is missing in this build");
      }
      return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .collect(Collectors.toUnmodifiableSet());
    } catch (IOException e) {
      throw new UncheckedIOException("resource " + RESOURCE, e);
    }
  }
}
