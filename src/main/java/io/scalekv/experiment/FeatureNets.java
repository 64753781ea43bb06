package io.scalekv.experiment;

import io.scalekv.io.Require;
import io.scalekv.metrics.FeatureNet;
import io.scalekv.metrics.InceptionFeatures;
import io.scalekv.metrics.Lpips;
import io.scalekv.metrics.MetricNets;
import io.scalekv.metrics.RandomFeatureNet;
import io.scalekv.model.ImageModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;

/** The nets behind the metrics, each opened when it is first needed and only once. */
public final class FeatureNets implements AutoCloseable {
  /** Name of the random nets in labels. */
  static final String RANDOM_NAME = "random_vgg x3";

  /** Hashes or seeds of their weights. */
  static final String RANDOM_HASH = "seed:1,2,3";

  private final ImageModel model;
  private final UserNets user;
  private RandomFeatureNet random;
  private Lpips lpips;
  private InceptionFeatures inception;

  FeatureNets(ImageModel model, UserNets user) {
    this.model = model;
    this.user = user;
  }

  /** Returns the nets of images that no model at hand drew: random features, the user's files. */
  public static FeatureNets withoutModel(UserNets user) {
    return new FeatureNets(null, user);
  }

  /** Returns names and hashes of the nets of {@link #withoutModel}. */
  public static Run.Nets names(UserNets user) throws IOException {
    UserNets.Facts f = user.facts();
    return new Run.Nets(
        RANDOM_NAME, RANDOM_HASH, f.lpips(), f.lpipsHash(), f.lpipsRange(), f.inceptionHash());
  }

  /** Returns the nets that a run names, opened when they are needed. */
  public MetricNets of(Run.Nets named) {
    return new MetricNets() {
      @Override
      public FeatureNet features() {
        return FeatureNets.this.features(named);
      }

      @Override
      public Lpips lpips() {
        return FeatureNets.this.lpips(named);
      }

      @Override
      public InceptionFeatures inception() {
        return FeatureNets.this.inception(named);
      }
    };
  }

  /** Returns the net of that name, whose weights must be those that the run names. */
  private FeatureNet features(Run.Nets nets) {
    FeatureNet net = nets.features().equals(EncoderFeatureNet.NAME) ? encoder() : random();
    same(net.name(), nets.featuresHash(), net.hash());
    return net;
  }

  private FeatureNet encoder() {
    return new EncoderFeatureNet(model);
  }

  private FeatureNet random() {
    if (random == null) {
      random = RandomFeatureNet.ofThreeSeeds();
    }
    return random;
  }

  /** Returns the user's LPIPS. */
  private Lpips lpips(Run.Nets nets) {
    if (lpips == null) {
      same("--lpips", nets.lpipsHash(), facts().lpipsHash());
      lpips = user.openLpips();
    }
    return lpips;
  }

  /** Returns the user's Inception. */
  private InceptionFeatures inception(Run.Nets nets) {
    if (inception == null) {
      same("--inception", nets.inceptionHash(), facts().inceptionHash());
      inception = user.openInception();
    }
    return inception;
  }

  private UserNets.Facts facts() {
    try {
      return user.facts();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void same(String what, String wanted, String got) {
    Require.that(Objects.equals(wanted, got), "%s: weights must be %s, got %s", what, wanted, got);
  }

  @Override
  public void close() {
    if (random != null) {
      random.close();
    }
    if (lpips != null) {
      lpips.close();
    }
    if (inception != null) {
      inception.close();
    }
  }
}
