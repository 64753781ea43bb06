package io.scalekv.profile.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.cache.CacheListener;
import io.scalekv.cache.CacheManager;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.KvCache;
import io.scalekv.cache.RetainedTokens;
import io.scalekv.cache.TopTokens;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.AttentionColumns;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.ProfileGeometry;
import io.scalekv.tensor.TorchOps;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Replay of cache policies over the attention of the full model, scale by scale as in a generation
 * and teacher-forced: queries, and the keys and values of every new map, are those of the full
 * cache; the prefix is what the policy retained of them. In the conditional branch.
 *
 * <p>Memory: for one image, the keys and values of one layer that each policy retains.
 *
 * <p>Letters: R conditional rows, H heads, L queries, T keys, D head width.
 */
public final class PolicyReplay implements AttentionSource.Observer {
  /** Number measured at each (layer, scale) of an image. */
  public enum Quantity {
    /** ‖o_full − o_policy‖ / ‖o_full‖ over all heads and queries. */
    OUTPUT_ERROR,
    /** Attention mass of the full cache on tokens that the policy reads, mean over heads. */
    RETAINED_MASS,
    /**
     * Share of the prefix tokens that a head reads among the as many most attended ones, by the sum
     * over all queries; mean over heads. 1 where no prefix is left out.
     */
    RECALL
  }

  private static final Set<AttentionSource.Content> NEEDED =
      EnumSet.of(
          AttentionSource.Content.TENSORS,
          AttentionSource.Content.ALL_QUERIES,
          AttentionSource.Content.VALUES);

  /** A policy asked for what a recording does not hold. */
  private static final class NotRecorded extends RuntimeException {
    NotRecorded() {
      super("a trace does not hold the query projection before normalisation and rotation");
    }
  }

  private final ProfileGeometry shape;
  private final List<Replayed> policies;
  private final List<Tap> open = new ArrayList<>();

  private PolicyReplay(ProfileGeometry shape, List<CachePolicy> policies) {
    this.shape = shape;
    this.policies = policies.stream().map(p -> new Replayed(p, shape)).toList();
  }

  /**
   * Returns a replay of policies over a source.
   *
   * @param policies each made for the maps and layers of the source
   * @throws IllegalArgumentException if the source lacks queries or values; the line names the
   *     recording that has them
   */
  public static PolicyReplay of(AttentionSource source, List<CachePolicy> policies) {
    AttentionSource.require(source, "study replay", NEEDED);
    for (CachePolicy p : policies) {
      Require.that(
          p.plan().schedule().equals(source.schedule())
              && p.plan().layers() == source.geometry().layers(),
          "policy %s must be made for the maps %s, got %s",
          p.name(),
          source.schedule().maps(),
          p.plan().schedule().maps());
    }
    return new PolicyReplay(source.shape(), policies);
  }

  /** Returns what was measured of each policy, in their order. */
  public List<Replayed> policies() {
    return policies;
  }

  /** Measurements of one policy. */
  public static final class Replayed {
    private final CachePolicy policy;
    private final ProfileGeometry shape;
    private final SortedMap<Integer, double[][][]> values = new TreeMap<>();
    private String reason;

    private Replayed(CachePolicy policy, ProfileGeometry shape) {
      this.policy = policy;
      this.shape = shape;
    }

    /** Returns why the policy cannot be replayed; null if it can. */
    public String reason() {
      return reason;
    }

    /** Returns the measured images, by index. */
    public List<Integer> images() {
      return List.copyOf(values.keySet());
    }

    /** Returns a number of an image. */
    public double value(int image, Quantity quantity, int layer, int scale) {
      return values.get(image)[quantity.ordinal()][layer][scale];
    }

    private void set(int image, AttentionSite site, Quantity quantity, double value) {
      values
              .computeIfAbsent(
                  image, i -> new double[Quantity.values().length][shape.layers()][shape.scales()])[
              quantity.ordinal()][site.layer()][site.scale()] =
          value;
    }
  }

  @Override
  public List<AttentionTap> taps(int... images) {
    open.add(new Tap(images));
    return List.copyOf(open);
  }

  @Override
  public void replayed(int... images) {
    open.forEach(Tap::close);
    open.clear();
  }

  /** Replay of the images of one batch. */
  private final class Tap implements AttentionTap {
    private final int[] images;
    private final NDManager manager = NDManager.newBaseManager("PyTorch");
    private final List<Cache> caches = new ArrayList<>();

    Tap(int... images) {
      this.images = images;
      policies.stream()
          .filter(p -> p.reason == null)
          .forEach(p -> caches.add(new Cache(p, manager)));
    }

    @Override
    public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
      AttentionColumns columns = AttentionColumns.of(site, query, key);
      try (NDManager scope = query.getManager().newSubManager()) {
        NDIndex rows = new NDIndex("0:{}", site.conditionalRows());
        NDArray q = in(scope, query.get(rows));
        if (site.softmaxScale() != 1) {
          q = q.mul(site.softmaxScale()); // a cache attends with scale 1
        }
        NDArray k = in(scope, key.get(rows));
        NDArray v = in(scope, value.get(rows));
        NDArray full = TorchOps.call("sdpa_unit", q, k, v);
        for (Cache cache : caches) {
          if (cache.replayed.reason == null) {
            try {
              cache.attend(site, images, q, k, v, full, columns);
            } catch (NotRecorded e) {
              cache.replayed.reason = e.getMessage();
            }
          }
        }
      }
    }

    void close() {
      manager.close();
    }
  }

  private static NDArray in(NDManager scope, NDArray x) {
    x.attach(scope);
    return x;
  }

  /** Returns ‖x‖ of each row [R,…]. */
  private static double[] norms(NDArray x) {
    int rows = (int) x.getShape().get(0);
    try (NDArray flat = x.reshape(rows, -1);
        NDArray squares = flat.square();
        NDArray sums = squares.sum(new int[] {1})) {
      float[] values = sums.toFloatArray();
      return IntStream.range(0, rows).mapToDouble(r -> Math.sqrt(values[r])).toArray();
    }
  }

  /** Cache of one policy during the replay of a batch. */
  private static final class Cache implements CacheListener {
    private static final Supplier<NDArray> UNRECORDED =
        () -> {
          throw new NotRecorded();
        };

    private final Replayed replayed;
    private final CacheManager manager;
    private RetainedTokens selected;

    Cache(Replayed replayed, NDManager parent) {
      this.replayed = replayed;
      this.manager =
          new CacheManager(
              parent,
              replayed.policy,
              CacheType.FP32,
              CacheType.FP32,
              CacheManager.Attention.FP32,
              this);
    }

    @Override
    public void selected(int layer, RetainedTokens retained) {
      selected = retained;
    }

    void attend(
        AttentionSite site,
        int[] images,
        NDArray query,
        NDArray key,
        NDArray value,
        NDArray full,
        AttentionColumns columns) {
      NDIndex added = new NDIndex(":,:,{}:", site.schedule().tokensBefore(site.scale()));
      KvCache cache = manager.cache(site.layer());
      int heads = (int) key.getShape().get(1);
      int[][] read = new int[images.length * heads][];
      for (int i = 0; i < read.length; i++) {
        read[i] = site.scale() == 0 ? new int[0] : cache.positions(i / heads, i % heads);
      }
      selected = null;
      manager.enter(site.scale());
      try (NDArray out =
              manager.attend(site.layer(), query, key.get(added), value.get(added), UNRECORDED);
          NDArray difference = full.sub(out)) {
        double[] error = norms(difference);
        double[] whole = norms(full);
        for (int r = 0; r < images.length; r++) {
          double relative = error[r] == 0 ? 0 : error[r] / whole[r];
          replayed.set(images[r], site, Quantity.OUTPUT_ERROR, relative);
        }
      }
      for (int r = 0; r < images.length; r++) {
        double mass = 0;
        double recall = 0;
        for (int h = 0; h < heads; h++) {
          boolean[] seen = seen(site, read[r * heads + h], r, h);
          mass += mass(site, columns, r, h, seen) / heads;
          recall += recall(site, columns, r, h, seen) / heads;
        }
        replayed.set(images[r], site, Quantity.RETAINED_MASS, mass);
        replayed.set(images[r], site, Quantity.RECALL, recall);
      }
      if (site.scale() == site.schedule().scales() - 1) {
        cache.close(); // one layer at a time
      }
    }

    /** Returns whether a head reads the token of a position [T]. */
    private boolean[] seen(AttentionSite site, int[] prefix, int row, int head) {
      int before = site.schedule().tokensBefore(site.scale());
      boolean[] seen = new boolean[site.schedule().tokensBefore(site.scale() + 1)];
      if (selected == null) {
        IntStream.of(prefix).forEach(j -> seen[j] = true);
        Arrays.fill(seen, before, seen.length, true);
      } else {
        for (int j : selected.of(row, head)) {
          seen[j < prefix.length ? prefix[j] : before + j - prefix.length] = true;
        }
      }
      return seen;
    }

    private static double mass(
        AttentionSite site, AttentionColumns columns, int row, int head, boolean... seen) {
      double mass = 0;
      for (int j = 0; j < seen.length; j++) {
        mass += seen[j] ? columns.sum(row, head, j) / site.queries() : 0;
      }
      return mass;
    }

    private static double recall(
        AttentionSite site, AttentionColumns columns, int row, int head, boolean... seen) {
      int prefix = site.schedule().tokensBefore(site.scale());
      int read = (int) IntStream.range(0, prefix).filter(j -> seen[j]).count();
      if (read == 0 || read == prefix) {
        return read == prefix ? 1 : 0;
      }
      float[] sums = new float[prefix];
      for (int j = 0; j < prefix; j++) {
        sums[j] = (float) columns.sum(row, head, j);
      }
      int[] most = TopTokens.top(sums, 0, prefix, read);
      return (double) IntStream.of(most).filter(j -> seen[j]).count() / read;
    }
  }
}
