package io.scalekv.profile.trace;

import io.scalekv.profile.AttentionSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Summary of a recording.
 *
 * @param recording content by the names of {@code trace.json}
 * @param checkError worst relative error of recomputed attention
 * @param torch version of PyTorch or libtorch
 * @param prompts finished prompts
 * @param bytes of all files of prompts
 * @param lacks one line for each use that needs another recording
 */
public record TraceSummary(
    Map<String, Object> recording,
    double checkError,
    String torch,
    List<PromptFile> prompts,
    long bytes,
    List<String> lacks) {
  /** Prompt and the size of its file. */
  public record PromptFile(int index, String prompt, long seed, String file, long bytes) {}

  /** Returns the summary of a folder, whose files are checked. */
  public static TraceSummary of(Path folder) throws IOException {
    RecordedAttention source = RecordedAttention.open(folder);
    TraceManifest manifest = source.manifest();
    List<PromptFile> prompts = new ArrayList<>();
    for (TraceManifest.Prompt p : manifest.prompts()) {
      long bytes = Files.size(folder.resolve(p.file()));
      prompts.add(new PromptFile(p.index(), p.prompt(), p.seed(), p.file(), bytes));
    }
    List<String> lacks = new ArrayList<>();
    Set<AttentionSource.Content> whole =
        EnumSet.of(
            AttentionSource.Content.TENSORS,
            AttentionSource.Content.ALL_QUERIES,
            AttentionSource.Content.VALUES);
    for (String reader : List.of("calibrate --parts error-curves", "study replay")) {
      AttentionSource.lacking(source, reader, whole).ifPresent(lacks::add);
    }
    return new TraceSummary(
        TraceManifest.fields(manifest.recording()),
        manifest.checkError(),
        manifest.torch(),
        prompts,
        prompts.stream().mapToLong(PromptFile::bytes).sum(),
        lacks);
  }

  /** Returns the recording for people. */
  public List<String> lines() {
    Map<String, Object> r = recording;
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s (%s), %s: %s layers, %s heads of %s, %s, softmax scale %s"
            .formatted(
                r.get("model"),
                r.get("family"),
                r.get("form"),
                r.get("layers"),
                r.get("heads"),
                r.get("headWidth"),
                r.get("dtype"),
                r.get("softmaxScale")));
    lines.add("maps: " + maps());
    lines.add(
        "guidance %s, branches %s, queries %s, values %s, sampling seed %s"
            .formatted(
                r.get("guidance"),
                r.get("branches"),
                r.get("queries"),
                r.get("values"),
                r.get("samplingSeed")));
    lines.add(
        String.format(
            Locale.ROOT, "recomputed attention within %.1e, PyTorch %s", checkError, torch));
    lines.add("info: " + r.get("info"));
    lines.addAll(lacks);
    return lines;
  }

  private String maps() {
    return ((List<?>) recording.get("schedule"))
        .stream()
            .map(map -> (List<?>) map)
            .map(map -> map.get(0) + "x" + map.get(1))
            .collect(Collectors.joining(" "));
  }
}
