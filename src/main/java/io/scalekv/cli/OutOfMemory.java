package io.scalekv.cli;

import io.scalekv.experiment.PolicyImages;
import io.scalekv.experiment.ProcessMemory;
import io.scalekv.model.ComputeDevice;
import io.scalekv.model.Drawing;
import io.scalekv.model.LoadOptions;
import io.scalekv.model.MemoryNeed;
import io.scalekv.model.ModelConfig;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

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

  /** What oneDNN says where a kernel finds no memory; of one it lacks it says "… descriptor". */
  private static final Pattern NO_PRIMITIVE =
      Pattern.compile("could not create a primitive(?! descriptor)");

  /** Returns whether an error or one of its causes is a failed allocation. */
  static boolean is(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      String text = e.getMessage() == null ? "" : e.getMessage().toLowerCase(Locale.ROOT);
      if (e instanceof OutOfMemoryError
          || text.contains("can't allocate memory")
          || text.contains("out of memory")
          || text.contains("bad_alloc")
          || text.contains("could not create a memory")
          || NO_PRIMITIVE.matcher(text).find()) {
        return true;
      }
    }
    return false;
  }

  /** Returns the error to throw: the same, or for a failed allocation one line about the memory. */
  RuntimeException judge(Throwable error) {
    return is(error) ? new Exceeded(line(), error) : (RuntimeException) error;
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

  /** Error of a generation that needs more memory than there is. */
  static final class Exceeded extends RuntimeException {
    private static final long serialVersionUID = 1;

    Exceeded(String line, Throwable cause) {
      super(line, cause);
    }
  }
}
