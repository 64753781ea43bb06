package io.scalekv.metrics;

import io.scalekv.metrics.Metric.Net;
import java.util.List;

/** Metrics of images, in the order of tables. */
public final class ImageMetrics {
  /** Share of token bits that are equal, the most sensitive one. */
  public static final FidelityMetric BITS =
      new FidelityMetric.Simple(
          "bits",
          "equal bits",
          "",
          4,
          true,
          Net.NONE,
          1,
          p -> p.tokenAgreement().orElse(Double.NaN));

  /** Every metric. */
  public static final List<Metric> ALL =
      List.of(
          Psnr.METRIC,
          Ssim.METRIC,
          MsSsim.METRIC,
          HaarPsi.METRIC,
          TorchmetricsSsim.SSIM,
          TorchmetricsSsim.MS_SSIM,
          LpipsProxy.METRIC,
          Lpips.METRIC,
          Frechet.METRIC,
          Kid.METRIC,
          Kid.PAIRED_METRIC,
          InceptionFeatures.FID,
          InceptionFeatures.KID,
          BITS);

  private ImageMetrics() {}
}
