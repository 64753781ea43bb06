package io.scalekv.experiment;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What can be measured on a pair of images, or on the two sets of images. */
public enum Metric {
  /** Peak signal-to-noise ratio in dB, higher is closer. */
  PSNR("psnr", "psnrDb", true),
  /** Structural similarity, higher is closer. */
  SSIM("ssim", "ssim", true),
  /** Its form over several scales, higher is closer. */
  MS_SSIM("ms-ssim", "msSsim", true),
  /** Haar wavelet similarity, higher is closer. */
  HAAR_PSI("haarpsi", "haarPsi", true),
  /** Feature distance in the form of LPIPS on a net of our own, lower is closer. */
  LPIPS_PROXY("lpips-proxy", "lpipsProxy", false),
  /** Fréchet distance of the sets' features, lower is closer. */
  FRECHET("frechet", "frechet", false),
  /** Kernel distance of the sets' features, lower is closer. */
  KID("kid", "kid", false),
  /** Share of equal token bits, higher is closer. */
  BITS("bits", "bitAgreement", true),
  /** Share of what the caption says that the image shows, higher is better. */
  FAITHFULNESS("faithfulness", "faithfulness", true),
  /** LPIPS by a user's file, lower is closer. */
  LPIPS("lpips", "lpips", false),
  /** Fréchet distance of Inception features by a user's file, lower is closer. */
  FID("fid", "fid", false);

  /** What is measured where an experiment does not say. */
  public static final List<Metric> DEFAULTS =
      List.of(PSNR, SSIM, MS_SSIM, HAAR_PSI, LPIPS_PROXY, FRECHET, KID, BITS);

  private final String key;
  private final String result;
  private final boolean highIsBetter;

  Metric(String key, String result, boolean highIsBetter) {
    this.key = key;
    this.result = result;
    this.highIsBetter = highIsBetter;
  }

  /** Name in an experiment's file. */
  @JsonValue
  public String key() {
    return key;
  }

  /** Name of its values in a result file. */
  public String result() {
    return result;
  }

  /** Whether a higher value means a smaller difference. */
  public boolean highIsBetter() {
    return highIsBetter;
  }

  /** Whether it is one number for the whole set of images. */
  public boolean ofSets() {
    return this == FRECHET || this == KID || this == FID;
  }

  /** Whether it needs the features of a net of our own. */
  public boolean needsFeatures() {
    return this == LPIPS_PROXY || this == FRECHET || this == KID;
  }

  /** The metric of that name. */
  @JsonCreator
  public static Metric of(String key) {
    return Arrays.stream(values())
        .filter(m -> m.key.equals(key))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "metric: one of "
                        + Arrays.stream(values()).map(Metric::key).collect(Collectors.joining(", "))
                        + " expected, got "
                        + key));
  }
}
