package io.scalekv.vocabtrim.pair;

import io.scalekv.vocabtrim.lm.LlamaConfig;
import io.scalekv.vocabtrim.lm.LlamaWeights;
import io.scalekv.vocabtrim.text.SyntheticLanguage;
import io.scalekv.vocabtrim.text.TextTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Shipped pair: two toy models, trained by {@code train vocabtrim} on the synthetic language, whose
 * weights fit a processor's cache.
 */
public final class ShippedPair {
  /** Name on the command line. */
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
    return ModelPair.open(NAME, folder());
  }

  /** Returns the language of the training, which saw no document below 2³². */
  public static SyntheticLanguage language() {
    return new SyntheticLanguage(LANGUAGE_SEED);
  }

  /** Returns the folder of the pair; a temporary copy if the project runs from an archive. */
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
