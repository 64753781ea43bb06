package io.scalekv.bench;

import io.scalekv.experiment.Machine;
import io.scalekv.experiment.MapMeter;
import io.scalekv.io.Software;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Whole generations of one configuration, measured in one process: the file {@code NAME.json}.
 *
 * @param schemaVersion {@value #SCHEMA_VERSION}
 * @param name of the file
 * @param commit of the sources
 * @param software versions
 * @param machine where
 * @param createdAt UTC
 * @param setup what was drawn
 * @param gflop operations of one generation
 * @param rates of matrix products, measured between the generations
 * @param generations in order; the first of all, which warms up, is not among them
 * @param memory of the cache and of the process
 * @param maps costs map by map, medians over the generations
 */
public record SpeedRun(
    int schemaVersion,
    String name,
    String commit,
    Software software,
    Machine machine,
    String createdAt,
    Setup setup,
    Gflop gflop,
    Rates rates,
    List<Generation> generations,
    Memory memory,
    List<MapMeter.Cost> maps) {
  /** Version of this file format. */
  public static final int SCHEMA_VERSION = 1;

  /**
   * What was drawn.
   *
   * @param model name
   * @param weights their hash
   * @param layers N
   * @param width C
   * @param heads H
   * @param dtype {@code fp32} or {@code bf16}
   * @param pixelHeight of the image
   * @param pixelWidth of the image
   * @param tokens of all maps
   * @param textTokens of the longest prompt
   * @param batch images drawn together
   * @param rows of a batch, twice the images under guidance
   * @param policy of the cache
   * @param budget as it was asked for; null for the full cache
   * @param budgetTokens mean tokens of a layer and head, null for the full cache
   * @param keyType of the cache
   * @param valueType of the cache
   */
  public record Setup(
      String model,
      String weights,
      int layers,
      int width,
      int heads,
      String dtype,
      int pixelHeight,
      int pixelWidth,
      int tokens,
      int textTokens,
      int batch,
      int rows,
      String policy,
      String budget,
      Integer budgetTokens,
      String keyType,
      String valueType) {}

  /**
   * 10⁹ operations of one generation (one batch), as {@link GenerationFlops} counts them.
   *
   * @param text the text's part
   * @param blocks linear layers of the blocks
   * @param head embedding and logits
   * @param attention to the tokens that were really read, and to the text
   * @param tokenizer decoder
   */
  public record Gflop(double text, double blocks, double head, double attention, double tokenizer) {
    /** All of them. */
    public double all() {
      return text + blocks + head + attention + tokenizer;
    }
  }

  /**
   * One kind of native operation in a batch.
   *
   * @param name libtorch's
   * @param calls how often
   * @param seconds without the operations that it calls
   */
  public record NativeOp(String name, long calls, double seconds) {}

  /**
   * 10⁹ operations a second of square matrix products in the same process with the same threads,
   * samples taken before every generation and after the last.
   *
   * @param fp32 samples
   * @param bf16 samples
   */
  public record Rates(List<Double> fp32, List<Double> bf16) {
    /** Median of the float32 samples. */
    public double medianFp32() {
      return median(fp32, Double::doubleValue);
    }

    /** Median of the bfloat16 samples. */
    public double medianBf16() {
      return median(bf16, Double::doubleValue);
    }
  }

  /**
   * Times of one generation.
   *
   * @param textSeconds until the first map begins
   * @param mapSeconds of all maps
   * @param tokenizerSeconds after the last map: decoder and pixels; 0 where only codes are drawn
   * @param cpuSeconds of all threads, of the whole generation
   */
  public record Generation(
      double textSeconds, double mapSeconds, double tokenizerSeconds, double cpuSeconds) {
    /** From beginning to end. */
    public double seconds() {
      return textSeconds + mapSeconds + tokenizerSeconds;
    }
  }

  /**
   * Memory.
   *
   * @param kvBytes of the tokens that all layers hold, at their most
   * @param loadedRssMiB of the process when the model is loaded, or null where the system does not
   *     tell
   * @param peakRssMiB of the process during the generations, or null
   */
  public record Memory(long kvBytes, Long loadedRssMiB, Long peakRssMiB) {
    /** What the generations needed beyond the loaded model, in MiB; NaN where it is not known. */
    public double workingMiB() {
      return loadedRssMiB == null || peakRssMiB == null
          ? Double.NaN
          : peakRssMiB - (double) loadedRssMiB;
    }
  }

  /** Copies the lists. */
  public SpeedRun {
    generations = List.copyOf(generations);
    maps = List.copyOf(maps);
  }

  private static <T> double median(List<T> values, ToDoubleFunction<T> value) {
    return StatUtils.percentile(values.stream().mapToDouble(value).toArray(), 50);
  }

  /** Median over the generations. */
  public double median(ToDoubleFunction<Generation> of) {
    return median(generations, of);
  }

  /** Least and most seconds of a generation. */
  public double[] range() {
    double[] all = generations.stream().mapToDouble(Generation::seconds).sorted().toArray();
    return new double[] {all[0], all[all.length - 1]};
  }

  /** Operations a second of a whole generation, in 10⁹. */
  public double gflopPerSecond() {
    return gflop.all() / median(Generation::seconds);
  }

  /**
   * Seconds that the counted operations would take at the measured rates of matrix products: in
   * bfloat16 the blocks and attention at that rate, all else at that of float32.
   */
  public double floorSeconds() {
    boolean half = setup.dtype().equals("bf16");
    double fast = half ? rates.medianBf16() : rates.medianFp32();
    return (gflop.blocks() + gflop.attention()) / fast
        + (gflop.text() + gflop.head() + gflop.tokenizer()) / rates.medianFp32();
  }

  /** 10⁹ operations of linear layers. */
  public double linearGflop() {
    return gflop.text() + gflop.blocks() + gflop.head();
  }

  /** What the linear layers are of {@link #floorSeconds()}. */
  public double linearFloorSeconds() {
    boolean half = setup.dtype().equals("bf16");
    return gflop.blocks() / (half ? rates.medianBf16() : rates.medianFp32())
        + (gflop.text() + gflop.head()) / rates.medianFp32();
  }

  /** Share of the generation's time that the floor is: 1 is the machine's limit. */
  public double ofLimit() {
    return floorSeconds() / median(Generation::seconds);
  }
}
