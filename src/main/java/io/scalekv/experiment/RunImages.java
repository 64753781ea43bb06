package io.scalekv.experiment;

import io.scalekv.model.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Names and prompts of a run's images. */
final class RunImages {
  private RunImages() {}

  /** Returns the file name without its ending, such as {@code p0003-s1}. */
  static String name(int prompt, long seed) {
    return String.format(Locale.ROOT, "p%04d-s%d", prompt, seed);
  }

  /**
   * Returns the images to draw.
   *
   * @param texts of all prompts
   * @param from first image
   * @param to one past the last image
   * @param shift added to every seed
   */
  static List<Prompt> prompts(
      Run.Prompts prompts, List<String> texts, int from, int to, long shift) {
    List<Prompt> asked = new ArrayList<>();
    for (int i = from; i < to; i++) {
      int p = prompts.promptOf(i);
      asked.add(new Prompt(texts.get(p), prompts.seedOf(i) + shift));
    }
    return asked;
  }
}
