package io.scalekv.metrics;

import io.scalekv.image.RgbImage;
import io.scalekv.io.Require;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/** Image with its reference, and their caption and token bits if known. */
public final class ImagePair {
  private final RgbImage reference;
  private final RgbImage image;
  private final int group;
  private final String caption;
  private final double tokenAgreement;
  private final String name;
  private List<FeatureMap> referenceFeatures;
  private List<FeatureMap> imageFeatures;
  private int indexInBatch;
  private Object reading;

  private ImagePair(
      RgbImage reference,
      RgbImage image,
      int group,
      String caption,
      double tokenAgreement,
      String name) {
    this.reference = reference;
    this.image = image;
    this.group = group;
    this.caption = caption;
    this.tokenAgreement = tokenAgreement;
    this.name = name;
  }

  /** Returns two images and nothing else. */
  public static ImagePair of(RgbImage reference, RgbImage image) {
    return new ImagePair(reference, image, 0, null, Double.NaN, null);
  }

  /** Returns the same pair in a group: images of one group (one prompt) are not independent. */
  public ImagePair inGroup(int number) {
    return new ImagePair(reference, image, number, caption, tokenAgreement, name);
  }

  /** Returns the same pair with the caption that both images were drawn from. */
  public ImagePair withCaption(String text) {
    return new ImagePair(reference, image, group, text, tokenAgreement, name);
  }

  /** Returns the same pair with the share of token bits that are equal, 0 to 1. */
  public ImagePair withTokenAgreement(double share) {
    return new ImagePair(reference, image, group, caption, share, name);
  }

  /** Returns the same pair with a name for messages, such as the file of the image. */
  public ImagePair named(String text) {
    return new ImagePair(reference, image, group, caption, tokenAgreement, text);
  }

  /** Returns the name for messages. */
  public Optional<String> name() {
    return Optional.ofNullable(name);
  }

  /** Returns the reference. */
  public RgbImage reference() {
    return reference;
  }

  /** Returns the image. */
  public RgbImage image() {
    return image;
  }

  /** Returns the number of the group, from 0. */
  public int group() {
    return group;
  }

  /** Returns whether the two are equal in every byte. */
  public boolean identical() {
    return reference.equals(image);
  }

  /** Returns the caption. */
  public Optional<String> caption() {
    return Optional.ofNullable(caption);
  }

  /** Returns the share of equal token bits, where both images were drawn from tokens. */
  public OptionalDouble tokenAgreement() {
    return Double.isNaN(tokenAgreement)
        ? OptionalDouble.empty()
        : OptionalDouble.of(tokenAgreement);
  }

  /** Returns an analysis of the pair that several metrics share, made once. */
  public <T> T reading(Class<T> type, Function<ImagePair, T> read) {
    if (!type.isInstance(reading)) {
      reading = read.apply(this);
    }
    return type.cast(reading);
  }

  void features(List<FeatureMap> ofReferences, List<FeatureMap> ofImages, int index) {
    referenceFeatures = ofReferences;
    imageFeatures = ofImages;
    indexInBatch = index;
  }

  /** Returns the distance of the features in the form of LPIPS. */
  double featureDistance() {
    Require.that(imageFeatures != null, "missing features: give a feature net");
    return LpipsProxy.of(referenceFeatures, imageFeatures, indexInBatch);
  }
}
