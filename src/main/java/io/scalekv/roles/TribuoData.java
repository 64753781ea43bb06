package io.scalekv.roles;

import com.oracle.labs.mlrg.olcut.provenance.ObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.PrimitiveProvenance;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.Trainer;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Conversion of data and trainer descriptions to and from Tribuo. */
public final class TribuoData {
  /** Kept, so that its level stays: Tribuo reports every iteration on the console otherwise. */
  private static final Logger LOG = Logger.getLogger("org.tribuo");

  private static final OffsetDateTime NO_TIME =
      OffsetDateTime.ofInstant(Instant.EPOCH, ZoneOffset.UTC);

  private TribuoData() {}

  /**
   * Returns a data set of one example per row, its features named so that Tribuo, which sorts them
   * by name, keeps their order.
   *
   * @param vectors [example][feature]
   * @param outputs one per example
   */
  public static <T extends Output<T>> MutableDataset<T> of(
      double[][] vectors, T[] outputs, OutputFactory<T> factory) {
    LOG.setLevel(Level.WARNING);
    MutableDataset<T> data =
        new MutableDataset<>(
            new SimpleDataSourceProvenance("layer-scale pairs", NO_TIME, factory), factory);
    String[] names = new String[vectors[0].length];
    for (int f = 0; f < names.length; f++) {
      names[f] = String.format(Locale.ROOT, "f%04d", f);
    }
    for (int i = 0; i < vectors.length; i++) {
      data.add(new ArrayExample<>(outputs[i], names, vectors[i]));
    }
    return data;
  }

  /** Returns the settings of a trainer as Tribuo states them; timestamps are no part of them. */
  public static SortedMap<String, String> settings(Trainer<?> trainer) {
    SortedMap<String, String> settings = new TreeMap<>();
    Map<String, Provenance> configured = trainer.getProvenance().getConfiguredParameters();
    configured.forEach(
        (name, value) -> {
          if (value instanceof PrimitiveProvenance<?> primitive) {
            settings.put(name, String.valueOf(primitive.getValue()));
          } else if (value instanceof ObjectProvenance object) {
            settings.put(name, simpleName(object.getClassName()));
          }
        });
    Provenance version = trainer.getProvenance().getInstanceValues().get("tribuo-version");
    settings.put("library", "Tribuo " + version);
    return settings;
  }

  private static String simpleName(String className) {
    return className.substring(
        Math.max(className.lastIndexOf('.'), className.lastIndexOf('$')) + 1);
  }
}
