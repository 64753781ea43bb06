package io.scalekv.roles;

import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.clustering.hdbscan.HdbscanTrainer;
import org.tribuo.math.distance.L2Distance;
import org.tribuo.math.neighbour.NeighboursQueryFactoryType;

/**
 * Clusters of any number and shape in the standardised statistics by HDBSCAN* (Campello et al.,
 * Hierarchical Density Estimates for Data Clustering, 2015; Tribuo, Euclidean). The drafters are
 * the cluster whose pairs have the lowest mean score, where there are at least two clusters.
 *
 * <p>Pairs that belong to no cluster (noise) are refiners: a drafter takes its tokens from all
 * other layers, so it has to be one of a group. With fewer than two clusters all pairs are
 * refiners. Both are counted in {@link ClassifiedRoles#found}.
 *
 * <p>The smallest cluster has as many pairs as the paper's rule has drafters, but at least {@value
 * #FEWEST}; the density of a pair is its distance to the same number of neighbours.
 */
public record HdbscanClassifier() implements RoleClassifier {
  private static final int FEWEST = 3;

  @Override
  public String name() {
    return "hdbscan";
  }

  @Override
  public boolean readsOthers() {
    return true;
  }

  @Override
  public ClassifiedRoles classify(RoleStatistics statistics) {
    int cut = statistics.scales() - statistics.firstCutScale();
    int smallest = Math.max(FEWEST, RankClassifier.usual(statistics.layers(), cut));
    HdbscanTrainer trainer =
        new HdbscanTrainer(
            smallest, new L2Distance(), smallest, 1, NeighboursQueryFactoryType.BRUTE_FORCE);
    SortedMap<String, String> settings = StatisticClusters.settings(trainer, statistics);
    double[][] vectors = statistics.standardised();
    int[] labels = new int[vectors.length];
    if (vectors.length > smallest && StatisticClusters.differ(vectors)) {
      var model = trainer.train(StatisticClusters.data(vectors));
      for (int i = 0; i < labels.length; i++) {
        labels[i] = model.getClusterLabels().get(i);
      }
    }
    return StatisticClusters.roles(this, statistics, labels, settings, new TreeMap<>());
  }
}
