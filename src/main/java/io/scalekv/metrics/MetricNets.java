package io.scalekv.metrics;

/** The nets behind metrics, each opened when a metric first needs it. */
public interface MetricNets {
  /** No net at all. */
  MetricNets NONE =
      new MetricNets() {
        @Override
        public FeatureNet features() {
          throw new IllegalArgumentException("missing feature net");
        }

        @Override
        public Lpips lpips() {
          throw new IllegalArgumentException("missing LPIPS file: give --lpips FILE");
        }

        @Override
        public InceptionFeatures inception() {
          throw new IllegalArgumentException("missing Inception file: give --inception FILE");
        }
      };

  /** Returns the feature net. */
  FeatureNet features();

  /** Returns the user's LPIPS. */
  Lpips lpips();

  /** Returns the user's Inception. */
  InceptionFeatures inception();
}
