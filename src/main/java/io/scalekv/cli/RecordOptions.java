package io.scalekv.cli;

import io.scalekv.io.Software;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelIdentity;
import io.scalekv.model.PromptSet;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.trace.AttentionRecording;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Recording of the attention of drawn images. */
@HelpGroup(HelpGroup.Heading.OUTPUT)
final class RecordOptions {
  @Option(
      names = "--record",
      paramLabel = "DIR",
      description =
          "Record queries, keys and values of the images under the full cache, as traces for"
              + " calibrate, profile and study replay; resumable.")
  Path folder;

  /** Returns whether attention is recorded. */
  boolean given() {
    return folder != null;
  }

  /** Creates the folder before any work starts. */
  void prepare() {
    if (given()) {
      OutputFolder.prepare(folder);
    }
  }

  /** Draws and records the images that are not recorded yet; returns the facts for JSON. */
  Map<String, Object> write(
      ImageModel model, Drawing drawing, PromptSet prompts, int batch, Output output)
      throws IOException {
    output.resumable();
    AttentionRecording recording =
        AttentionRecording.open(
            model,
            drawing,
            new DrawnAttention(model, drawing, prompts),
            drawing.images(prompts.prompts()),
            folder,
            Software.current().libtorch());
    int missing = recording.images();
    long bytes = recording.bytes();
    int all = prompts.prompts().size() * drawing.seeds();
    output.log(
        "record: %d of %d images found, %d to do, %s MiB"
            .formatted(all - missing, all, missing, Output.mib(bytes)));
    try (Progress progress = output.progress("record", missing)) {
      recording.write(batch, done -> progress.step("image " + done));
    }
    output.line("%d images recorded in %s", all, folder);
    return Map.of(
        "model", ModelIdentity.of(model),
        "images", all,
        "recorded", missing,
        "recordedBytes", bytes,
        "files", List.of(folder));
  }
}
