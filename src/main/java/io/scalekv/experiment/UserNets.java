package io.scalekv.experiment;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.io.Sha256;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.LpipsRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Nets that a user brings.
 *
 * @param lpips TorchScript file of LPIPS, or null
 * @param lpipsRange the pixel values that it expects
 * @param inception TorchScript file of Inception, or null
 */
public record UserNets(Path lpips, LpipsRange lpipsRange, Path inception) {
  private static final int TINY = 64;

  /** None. */
  public static final UserNets NONE = new UserNets(null, LpipsRange.MINUS_ONE_TO_ONE, null);

  /**
   * Returns labels and hashes of the files, without a feature net.
   *
   * @throws IllegalArgumentException for a file that is not there
   */
  public Run.Nets facts() throws IOException {
    return new Run.Nets(
        null,
        null,
        lpips == null ? null : label(),
        hash(lpips),
        lpips == null ? null : range(lpipsRange),
        hash(inception));
  }

  /**
   * Opens each net and tries it on a tiny input.
   *
   * @throws IllegalArgumentException if one cannot be used
   */
  public void check() {
    if (lpips != null) {
      try (Lpips net = Lpips.open(lpips, lpipsRange)) {
        RgbImage grey = RgbImage.of(TINY, TINY, new byte[3 * TINY * TINY]);
        net.of(grey, grey); // one number; whether it is finite is asked of each pair
      }
    }
    if (inception != null) {
      InceptionFeatures.open(inception).close(); // opening runs it once
    }
  }

  /** Returns the text of a range of pixel values on the command line. */
  public static String range(LpipsRange range) {
    return range == LpipsRange.ZERO_TO_ONE ? "0..1" : "-1..1";
  }

  private String label() {
    String name = lpips.getFileName().toString();
    return "lpips(" + (name.endsWith(".pt") ? name.substring(0, name.length() - 3) : name) + ")";
  }

  private static String hash(Path file) throws IOException {
    if (file == null) {
      return null;
    }
    Require.that(
        Files.isRegularFile(file),
        "%s: must be a TorchScript file, got %s",
        file,
        Files.exists(file) ? "a folder" : "nothing there");
    return "sha256:" + Sha256.of(file);
  }
}
