package io.scalekv.metrics;

/** Nets behind the metrics, each opened when a metric first needs it; missing ones are an error. */
public interface MetricNets {
  /** No net at all. */
  MetricNets NONE = new MetricNets() {};

  /** Returns the feature net. */
  default FeatureNet features() {
    throw new IllegalArgumentException("missing feature net");
  }

  /** Returns the user's LPIPS. */
  default Lpips lpips() {
    throw new IllegalArgumentException("missing LPIPS file: give --lpips FILE");
  }

  /** Returns the user's Inception. */
  default InceptionFeatures inception() {
    throw new IllegalArgumentException("missing Inception file: give --inception FILE");
  }
}
