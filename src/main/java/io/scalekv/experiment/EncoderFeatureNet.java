package io.scalekv.experiment;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import io.scalekv.metrics.FeatureMap;
import io.scalekv.metrics.FeatureNet;
import io.scalekv.model.ImageModel;
import java.util.List;

/**
 * Net of the features of the model's own image encoder: the output of every halving and of its
 * middle. The model is not closed with it.
 */
public final class EncoderFeatureNet implements FeatureNet {
  /** Name in a metric's label. */
  public static final String NAME = "vae_encoder";

  private final ImageModel model;

  /** Creates the encoder of a model. */
  public EncoderFeatureNet(ImageModel model) {
    this.model = model;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String hash() {
    return model.tokenizerHash();
  }

  @Override
  public List<FeatureMap> features(List<RgbImage> images) {
    Require.that(!images.isEmpty(), "%s needs at least one image", NAME);
    return model.encoderLayers(images).stream()
        .map(l -> new FeatureMap(l.images(), l.channels(), l.height(), l.width(), l.values()))
        .toList();
  }

  @Override
  public void close() {}
}
