package io.scalekv.roles;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tribuo.MutableDataset;
import org.tribuo.clustering.ClusterID;
import org.tribuo.clustering.kmeans.KMeansModel;
import org.tribuo.clustering.kmeans.KMeansTrainer;
import org.tribuo.clustering.kmeans.KMeansTrainer.Initialisation;
import org.tribuo.math.distance.L2Distance;

/**
 * Two clusters of the standardised statistics by k-means (Tribuo, k-means++ seeds, Euclidean), the
 * best of {@value #RESTARTS} starts by the sum of squared distances. The cluster whose pairs have
 * the lower mean score are the drafters; where the two means are equal, the smaller cluster.
 *
 * @param seed of the starts
 */
public record KMeansClassifier(long seed) implements RoleClassifier {
  private static final int RESTARTS = 5;
  private static final int MOST_ITERATIONS = 100;

  @Override
  public String name() {
    return "k-means";
  }

  @Override
  public boolean readsOthers() {
    return true;
  }

  @Override
  public ClassifiedRoles classify(RoleStatistics statistics) {
    KMeansTrainer trainer =
        new KMeansTrainer(2, MOST_ITERATIONS, new L2Distance(), Initialisation.PLUSPLUS, 1, seed);
    SortedMap<String, String> settings = StatisticClusters.settings(trainer, statistics);
    settings.put("restarts", Integer.toString(RESTARTS));
    double[][] vectors = statistics.standardised();
    int[] labels = new int[vectors.length];
    double least = Double.POSITIVE_INFINITY;
    if (StatisticClusters.differ(vectors)) {
      MutableDataset<ClusterID> data = StatisticClusters.data(vectors);
      for (int start = 0; start < RESTARTS; start++) {
        int[] found = labels(trainer.train(data), data);
        double squares = StatisticClusters.squares(vectors, found);
        if (squares < least) {
          least = squares;
          labels = found;
        }
      }
    }
    SortedMap<String, String> found = new TreeMap<>();
    found.put(
        "sumOfSquares", least == Double.POSITIVE_INFINITY ? "0" : RankClassifier.score(least));
    return StatisticClusters.roles(this, statistics, labels, settings, found);
  }

  private static int[] labels(KMeansModel model, MutableDataset<ClusterID> data) {
    int[] labels = new int[data.size()];
    Arrays.setAll(labels, i -> 1 + model.predict(data.getExample(i)).getOutput().getID());
    return labels;
  }
}
