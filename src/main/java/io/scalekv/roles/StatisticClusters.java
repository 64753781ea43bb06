package io.scalekv.roles;

import com.oracle.labs.mlrg.olcut.provenance.ObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.PrimitiveProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.tribuo.MutableDataset;
import org.tribuo.Trainer;
import org.tribuo.clustering.ClusterID;
import org.tribuo.clustering.ClusteringFactory;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * Clusters of vectors, found by Tribuo, turned into roles. A label is the number of a cluster; 0 is
 * none.
 */
final class StatisticClusters {
  private static final int NOISE = 0;

  /** Kept, so that its level stays: Tribuo reports every iteration on the console otherwise. */
  private static final Logger LOG = Logger.getLogger("org.tribuo");

  private static final OffsetDateTime NO_TIME =
      OffsetDateTime.ofInstant(Instant.EPOCH, ZoneOffset.UTC);

  private StatisticClusters() {}

  /**
   * Returns a data set of one example per row without labels, its features named so that Tribuo,
   * which sorts them by name, keeps their order.
   *
   * @param vectors [example][feature]
   */
  static MutableDataset<ClusterID> data(double[][] vectors) {
    LOG.setLevel(Level.WARNING);
    ClusteringFactory factory = new ClusteringFactory();
    MutableDataset<ClusterID> data =
        new MutableDataset<>(
            new SimpleDataSourceProvenance("layer-scale pairs", NO_TIME, factory), factory);
    String[] names =
        IntStream.range(0, vectors[0].length)
            .mapToObj(f -> String.format(Locale.ROOT, "f%04d", f))
            .toArray(String[]::new);
    for (double[] vector : vectors) {
      data.add(new ArrayExample<>(new ClusterID(ClusterID.UNASSIGNED), names, vector));
    }
    return data;
  }

  /**
   * Returns the settings of a trainer as Tribuo states them, and the statistics that it reads;
   * timestamps are no part of them.
   */
  static SortedMap<String, String> settings(Trainer<?> trainer, RoleStatistics statistics) {
    SortedMap<String, String> settings = new TreeMap<>();
    Map<String, Provenance> configured = trainer.getProvenance().getConfiguredParameters();
    configured.forEach(
        (name, value) -> {
          if (value instanceof PrimitiveProvenance<?> primitive) {
            settings.put(name, String.valueOf(primitive.getValue()));
          } else if (value instanceof ObjectProvenance object) {
            settings.put(name, object.getClassName().replaceFirst(".*[.$]", ""));
          }
        });
    Provenance version = trainer.getProvenance().getInstanceValues().get("tribuo-version");
    settings.put("library", "Tribuo " + version);
    settings.put("statistics", String.join(" ", statistics.others().keySet()));
    return settings;
  }

  /**
   * Returns whether there are two vectors that are not equal; without statistics there are none.
   */
  static boolean differ(double[][] vectors) {
    return Arrays.stream(vectors).anyMatch(v -> !Arrays.equals(v, vectors[0]));
  }

  /** Returns the sum of squared distances to the mean of each cluster. */
  static double squares(double[][] vectors, int[] labels) {
    double sum = 0;
    for (int label : Arrays.stream(labels).distinct().sorted().toArray()) {
      double[] mean = new double[vectors[0].length];
      int n = 0;
      for (int i = 0; i < vectors.length; i++) {
        if (labels[i] == label) {
          n++;
          for (int f = 0; f < mean.length; f++) {
            mean[f] += vectors[i][f];
          }
        }
      }
      for (int i = 0; i < vectors.length; i++) {
        for (int f = 0; labels[i] == label && f < mean.length; f++) {
          double apart = vectors[i][f] - mean[f] / n;
          sum += apart * apart;
        }
      }
    }
    return sum;
  }

  /**
   * The cluster with the lowest mean score are the drafters, the smaller one of equals; with fewer
   * than two clusters there are none.
   *
   * @param labels one per pair of the statistics
   */
  static ClassifiedRoles roles(
      RoleClassifier classifier,
      RoleStatistics statistics,
      int[] labels,
      SortedMap<String, String> settings,
      SortedMap<String, String> found) {
    double[] scores = statistics.scores();
    SortedMap<Integer, List<Integer>> clusters = new TreeMap<>();
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] != NOISE) {
        clusters.computeIfAbsent(labels[i], none -> new ArrayList<>()).add(i);
      }
    }
    List<LayerScale> drafters = new ArrayList<>();
    List<String> means = new ArrayList<>();
    double lowest = Double.POSITIVE_INFINITY;
    int size = Integer.MAX_VALUE;
    for (List<Integer> members : clusters.values()) {
      double mean = members.stream().mapToDouble(i -> scores[i]).average().orElseThrow();
      means.add(members.size() + " pairs with mean z " + RankClassifier.score(mean));
      boolean first = mean < lowest || (mean == lowest && members.size() < size);
      if (clusters.size() > 1 && first) {
        lowest = mean;
        size = members.size();
        drafters = members.stream().map(statistics.pairs()::get).toList();
      }
    }
    found.put("drafters", Integer.toString(drafters.size()));
    found.put("clusters", means.isEmpty() ? "none" : String.join("; ", means));
    long noise = Arrays.stream(labels).filter(label -> label == NOISE).count();
    found.put("pairsInNoCluster", Long.toString(noise));
    return new ClassifiedRoles(
        statistics,
        RoleAssignment.of(statistics.layers(), statistics.scales(), drafters),
        classifier.name(),
        settings,
        found);
  }
}
