package io.scalekv.cli;

import io.scalekv.experiment.PolicyImages;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.Drawing;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Memory of a generation, reported when an allocation on processor or GPU fails: what it needs and
 * the largest batch that fits.
 *
 * @param need memory of the generation
 * @param batch images drawn together
 * @param freeBytes memory available before the model was loaded, or null where unknown
 */
record OutOfMemory(MemoryNeed need, int batch, Long freeBytes) {
  private static final double MIB = 1 << 20;

  /** Share of the free memory that the named batch may need; the rest is lost to fragmentation. */
  private static final double USABLE = 0.75;

  /**
   * Notes the free memory before a model is loaded.
   *
   * @param settings cache settings, of which the largest counts
   */
  static OutOfMemory before(
      ModelConfig config,
      Drawing drawing,
      List<PolicyImages.Setting> settings,
      int batch,
      LoadOptions loading) {
    boolean guided = drawing.sampling().guided();
    MemoryNeed need =
        settings.stream()
            .map(s -> MemoryNeed.of(config, drawing.schedule(), s.cache(), guided, loading))
            .max(Comparator.comparingLong(n -> n.bytes(batch)))
            .orElseThrow();
    loading.device().check();
    boolean cuda = loading.device() == ComputeDevice.CUDA;
    return new OutOfMemory(need, batch, cuda ? null : ProcessMemory.freeBytes());
  }

  /** Returns whether an error or one of its causes is a failed allocation. */
  static boolean is(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      String text = e.getMessage() == null ? "" : e.getMessage().toLowerCase(Locale.ROOT);
      if (e instanceof OutOfMemoryError
          || text.contains("can't allocate memory")
          || text.contains("out of memory")
          || text.contains("bad_alloc")
          || text.contains("could not create a memory")) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the error to throw: the same, or for a failed allocation one line about the memory,
   * after printing the table.
   *
   * @param err receives the table
   */
  RuntimeException judge(RuntimeException error, PrintWriter err) {
    return is(error) ? answer(error, err) : error;
  }

  /** Returns the error to throw for a failed allocation, after printing the table. */
  RuntimeException answer(Throwable error, PrintWriter err) {
    err.println(table());
    err.flush();
    return new Exceeded(line(), error);
  }

  /** Returns the largest smaller batch that fits, or 0. */
  int fits() {
    return freeBytes == null
        ? batch / 2
        : Math.min(batch - 1, need.largestBatch((long) (USABLE * freeBytes)));
  }

  private String line() {
    String asked =
        String.format(
            Locale.ROOT,
            "out of memory: batch %d needs up to %.0f MiB, got %s",
            batch,
            need.bytes(batch) / MIB,
            freeBytes == null
                ? "less"
                : String.format(Locale.ROOT, "%.0f MiB free", freeBytes / MIB));
    if (fits() == 0) {
      return asked + "; a smaller --size or --budget, or --dtype bf16 may fit";
    }
    return asked + "; " + (freeBytes == null ? "try --batch " : "--batch fits up to ") + fits();
  }

  private String table() {
    TreeSet<Integer> batches = new TreeSet<>(List.of(1, Math.max(1, fits()), batch));
    StringBuilder text = new StringBuilder(String.format("%-24s", "memory in MiB, batch of"));
    batches.forEach(b -> text.append(String.format(Locale.ROOT, " %10d", b)));
    row(text, "transformer", batches, b -> need.weights());
    row(text, "image tokenizer", batches, b -> need.tokenizer());
    row(text, "KV cache at its most", batches, b -> b * need.cache());
    row(text, "activations, at most", batches, b -> b * need.activations());
    row(text, "together", batches, need::bytes);
    return text.toString();
  }

  /** Bytes of a batch. */
  @FunctionalInterface
  private interface Bytes {
    long of(int batch);
  }

  private static void row(StringBuilder text, String name, TreeSet<Integer> batches, Bytes bytes) {
    text.append(String.format("%n%-24s", name));
    batches.forEach(b -> text.append(String.format(Locale.ROOT, " %10.0f", bytes.of(b) / MIB)));
  }

  /** Error of a generation that needs more memory than there is. */
  static final class Exceeded extends RuntimeException {
    private static final long serialVersionUID = 1;

    Exceeded(String line, Throwable cause) {
      super(line, cause);
    }
  }
}
