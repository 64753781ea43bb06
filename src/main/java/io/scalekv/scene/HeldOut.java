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
 * The captions that training never sees: those of the three scene files of the folder
 * calibration-prompts, shipped as a resource. A caption that names the same scene in the other
 * order of its objects is held out with it.
 */
public final class HeldOut {
  private static final String RESOURCE = "held-out.txt";

  private HeldOut() {}

  /** Whether the scene, or its mirror, is held out. */
  public static boolean contains(Scene scene) {
    Set<String> captions = Captions.ALL;
    return captions.contains(scene.caption()) || captions.contains(scene.mirrored().caption());
  }

  /**
   * Whether the caption's scene is held out.
   *
   * @throws IllegalArgumentException if it is no caption of the grammar
   */
  public static boolean contains(String caption) {
    return contains(SceneGrammar.parse(caption));
  }

  /** The held-out captions as they are shipped. */
  public static Set<String> captions() {
    return Captions.ALL;
  }

  /** Loads the resource on first use. */
  private static final class Captions {
    private static final Set<String> ALL = read();

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
}
