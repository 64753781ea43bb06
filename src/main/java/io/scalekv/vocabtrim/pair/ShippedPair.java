package io.scalekv.vocabtrim.pair;

import io.scalekv.vocabtrim.lm.LlamaConfig;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import io.scalekv.vocabtrim.text.TextTokenizer;
import io.scalekv.weights.LoadListener;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The small pair that comes with the project, trained by its own trainer on the synthetic language:
 * toys, whose weights fit a processor's cache.
 */
public final class ShippedPair {
  /** Its name on the command line. */
  public static final String NAME = "toy";

  private static final String TARGET = ModelPair.TARGET + "/";
  private static final String DRAFTER = ModelPair.DRAFTER + "/";
  private static final List<String> FILES =
      List.of(
          TARGET + LlamaConfig.FILE,
          TARGET + LlamaWeights.FILE,
          TARGET + TextTokenizer.FILE,
          DRAFTER + LlamaConfig.FILE,
          DRAFTER + LlamaWeights.FILE);
  private static final int LANGUAGE_SEED = 1;

  private ShippedPair() {}

  /** Loads the pair. */
  public static ModelPair open() {
    Path folder = folder();
    return ModelPair.open(
        NAME,
        folder.resolve(ModelPair.TARGET),
        folder.resolve(ModelPair.DRAFTER),
        LoadListener.NONE);
  }

  /** The language that the pair was trained on; its documents below 2³² were never seen. */
  public static SyntheticLanguage language() {
    return new SyntheticLanguage(LANGUAGE_SEED);
  }

  /** How the pair was made. */
  public static String provenance() {
    try (InputStream in = url("provenance.txt").openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("provenance.txt: " + e.getMessage(), e);
    }
  }

  /** Its folder; a temporary copy if the project runs from an archive. */
  public static Path folder() {
    try {
      URL first = url(FILES.get(0));
      if (first.getProtocol().equals("file")) {
        return Path.of(first.toURI()).getParent().getParent();
      }
      Path copy = Files.createTempDirectory("scalekv");
      copy.toFile().deleteOnExit();
      for (String name : FILES) {
        Path file = copy.resolve(name);
        if (!Files.isDirectory(file.getParent())) {
          Files.createDirectory(file.getParent()).toFile().deleteOnExit();
        }
        file.toFile().deleteOnExit();
        try (InputStream in = url(name).openStream()) {
          Files.copy(in, file);
        }
      }
      return copy;
    } catch (IOException e) {
      throw new UncheckedIOException("the shipped pair: " + e.getMessage(), e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the shipped pair: " + e.getMessage(), e);
    }
  }

  private static URL url(String name) {
    URL url = ShippedPair.class.getResource(name);
    if (url == null) {
      throw new IllegalStateException("resource " + name + " is missing from the build");
    }
    return url;
  }
}
