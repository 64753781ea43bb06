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

/** Nets behind the metrics, each opened when it is first needed and only once. */
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
    return user.facts().withFeatures(RANDOM_NAME, RANDOM_HASH);
  }

  /** Returns the nets that a run names, opened when they are needed, with the weights it names. */
  public MetricNets of(Run.Nets named) {
    return new MetricNets() {
      @Override
      public FeatureNet features() {
        boolean encoder = named.features().equals(EncoderFeatureNet.NAME);
        if (!encoder && random == null) {
          random = RandomFeatureNet.ofThreeSeeds();
        }
        FeatureNet net = encoder ? new EncoderFeatureNet(model) : random;
        same(net.name(), named.featuresHash(), net.hash());
        return net;
      }

      @Override
      public Lpips lpips() {
        same("--lpips", named.lpipsHash(), facts().lpipsHash());
        lpips = lpips == null ? Lpips.open(user.lpips(), user.lpipsRange()) : lpips;
        return lpips;
      }

      @Override
      public InceptionFeatures inception() {
        same("--inception", named.inceptionHash(), facts().inceptionHash());
        inception = inception == null ? InceptionFeatures.open(user.inception()) : inception;
        return inception;
      }
    };
  }

  private Run.Nets facts() {
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
