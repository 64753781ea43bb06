package io.scalekv.profile.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.io.Require;
import io.scalekv.profile.Branch;
import io.scalekv.tensor.NativeCopy;
import io.scalekv.weights.SafetensorsFile;
import io.scalekv.weights.TensorInfo;
import io.scalekv.weights.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/** Open file of one recorded prompt. Opening checks that it holds what the manifest says. */
final class TraceFile implements AutoCloseable {
  private final Path file;
  private final TraceRecording recording;
  private final TensorSource tensors;
  private final int guidedScales;

  private TraceFile(Path file, TraceRecording recording, TensorSource tensors) {
    this.file = file;
    this.recording = recording;
    this.tensors = tensors;
    this.guidedScales =
        recording.branches() == TraceRecording.Branches.COND
            ? 0
            : (int)
                IntStream.range(0, recording.schedule().scales())
                    .takeWhile(
                        s ->
                            tensors
                                .names()
                                .contains(TraceLayout.name(0, s, Branch.UNCONDITIONAL, 'q')))
                    .count();
  }

  /**
   * Opens the file of a prompt.
   *
   * @throws IllegalArgumentException if it is absent or holds something else; one line
   */
  static TraceFile open(Path folder, TraceManifest manifest, TraceManifest.Prompt prompt) {
    Path file = folder.resolve(prompt.file());
    Require.that(
        Files.isRegularFile(file),
        "%s: missing %s of prompt %d: record the prompt again",
        folder.resolve(TraceManifest.FILE),
        prompt.file(),
        prompt.index());
    TraceFile opened = new TraceFile(file, manifest.recording(), SafetensorsFile.open(file));
    try {
      opened.check(prompt);
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void check(TraceManifest.Prompt prompt) {
    expect("index", Integer.toString(prompt.index()));
    expect("prompt", prompt.prompt());
    expect("seed", Long.toString(prompt.seed()));
    Require.that(
        guidedScales > 0 || recording.branches() == TraceRecording.Branches.COND,
        "%s: missing %s",
        file,
        TraceLayout.name(0, 0, Branch.UNCONDITIONAL, 'q'));
    Set<String> names = new HashSet<>();
    TraceLayout.each(
        recording,
        guidedScales,
        entry -> {
          check(entry);
          names.add(entry.name());
        });
    for (String name : tensors.names()) {
      Require.that(names.contains(name), "%s: unknown tensor %s", file, tensors.info(name));
    }
  }

  private void check(TraceLayout.Entry entry) {
    Require.that(tensors.names().contains(entry.name()), "%s: missing %s", file, entry.name());
    TensorInfo info = tensors.info(entry.name());
    Require.that(
        info.type() == entry.type() && Arrays.equals(info.shape(), entry.shape()),
        "%s: %s must be %s %s, got %s %s",
        file,
        entry.name(),
        entry.type(),
        Arrays.toString(entry.shape()),
        info.kind(),
        Arrays.toString(info.shape()));
  }

  private void expect(String key, String value) {
    String found = tensors.metadata().get(key);
    Require.that(
        value.equals(found), "%s: metadata %s must be %s, got %s", file, key, value, found);
  }

  /** Returns the number of scales, from the first on, that have the unconditional branch. */
  int guidedScales() {
    return guidedScales;
  }

  /** Returns q, k or v of one call, float32 [1,H,n,D], as a copy. */
  NDArray load(int layer, int scale, Branch branch, char part, NDManager manager) {
    String name = TraceLayout.name(layer, scale, branch, part);
    float[] values = tensors.floats(name);
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IllegalArgumentException(
            "%s: element %d of %s must be finite, got %s"
                .formatted(file, i, tensors.info(name), values[i]));
      }
    }
    long[] shape = tensors.info(name).shape();
    return NativeCopy.of(manager, values, new Shape(1, shape[0], shape[1], shape[2]));
  }

  /** Returns the positions of the recorded queries, in the order of the file. */
  int[] rows(int layer, int scale) {
    int tokens = recording.schedule().tokens(scale);
    if (!recording.namesRows()) {
      return IntStream.range(0, tokens).toArray();
    }
    int[] rows = tensors.ints(TraceLayout.rows(layer, scale));
    Set<Integer> seen = new HashSet<>();
    for (int row : rows) {
      Require.that(
          row >= 0 && row < tokens && seen.add(row),
          "%s: %s must be different positions below %d, got %d",
          file,
          TraceLayout.rows(layer, scale),
          tokens,
          row);
    }
    return rows;
  }

  @Override
  public void close() {
    tensors.close();
  }
}
