package io.scalekv.profile.trace;

import io.scalekv.cache.Geometry;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelIdentity;
import io.scalekv.model.Prompt;
import io.scalekv.profile.AttentionSource;
import io.scalekv.profile.DrawnAttention;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/**
 * Recording of the attention of a model of this project, drawn with its full cache: all queries,
 * keys and values, float32, both guidance branches where there is guidance.
 */
public final class AttentionRecording {
  private final AttentionSource source;
  private final List<Prompt> images;
  private final Path folder;
  private final TraceWriter writer;

  private AttentionRecording(
      AttentionSource source, List<Prompt> images, Path folder, TraceWriter writer) {
    this.source = source;
    this.images = images;
    this.folder = folder;
    this.writer = writer;
  }

  /**
   * Opens a folder for the images of a drawing; those that it holds already are not recorded again.
   *
   * @param source attention of the images
   * @param images prompts and seeds in the order of the source
   * @param software version of libtorch
   * @throws IllegalArgumentException if the folder holds another recording or its disk lacks room
   */
  public static AttentionRecording open(
      ImageModel model,
      Drawing drawing,
      DrawnAttention source,
      List<Prompt> images,
      Path folder,
      String software)
      throws IOException {
    AttentionRecording recording =
        new AttentionRecording(
            source,
            images,
            folder,
            TraceWriter.open(folder, content(model, drawing, source), software));
    for (TraceManifest.Prompt found : recording.writer.manifest().prompts()) {
      Prompt image = found.index() < images.size() ? images.get(found.index()) : null;
      Require.that(
          image == null || image.equals(new Prompt(found.prompt(), found.seed())),
          "%s holds another recording: prompt %d must be %s, got %s",
          folder,
          found.index(),
          new Prompt(found.prompt(), found.seed()),
          image);
    }
    Files.createDirectories(folder);
    long room = Files.getFileStore(folder).getUsableSpace();
    Require.that(
        recording.bytes() <= room,
        "recording into %s must be at most %d bytes, the room on its disk, got %d",
        folder,
        room,
        recording.bytes());
    return recording;
  }

  private static TraceRecording content(ImageModel model, Drawing drawing, AttentionSource source) {
    boolean guided = drawing.sampling().guided();
    ModelIdentity identity = ModelIdentity.of(model);
    ObjectNode info = Json.MAPPER.createObjectNode();
    drawing.provenance().forEach(info::put);
    info.put("guidanceStrength", drawing.sampling().cfg());
    info.put("modelDtype", identity.dtype());
    source
        .rotaryReference()
        .ifPresent(m -> info.putArray("rotaryReference").add(m.height()).add(m.width()));
    boolean hash = identity.weightsSha256().matches("[0-9a-f]{64}");
    info.put(hash ? "weightsSha256" : "randomWeights", identity.weightsSha256());
    return new TraceRecording(
        TraceRecording.Form.TENSORS,
        identity.name(),
        identity.family(),
        model.config().geometry(),
        1,
        drawing.schedule(),
        guided ? TraceRecording.Guidance.ROWS : TraceRecording.Guidance.NONE,
        guided ? TraceRecording.Branches.BOTH : TraceRecording.Branches.COND,
        ProfileOptions.ALL,
        true,
        StoredType.F32,
        0,
        info);
  }

  private int[] missing() {
    return IntStream.range(0, images.size()).filter(i -> !writer.has(i)).toArray();
  }

  /** Returns the number of images that are not recorded yet. */
  public int images() {
    return missing().length;
  }

  /** Returns the bytes of the tensors of the images that are not recorded yet. */
  public long bytes() {
    TraceRecording content = writer.manifest().recording();
    Geometry g = content.geometry();
    int branches = content.branches() == TraceRecording.Branches.BOTH ? 2 : 1;
    long token = 3L * content.type().width() * branches * g.layers() * g.heads() * g.headWidth();
    return token * content.schedule().totalTokens() * images();
  }

  /**
   * Draws and records the images that are missing.
   *
   * @param batch images drawn together
   * @param progress receives the number of images recorded so far, for each image
   */
  public void write(int batch, IntConsumer progress) throws IOException {
    int[] missing = missing();
    if (missing.length == 0) {
      return;
    }
    try (Observer observer = new Observer()) {
      source.replay(missing, batch, observer, progress);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Writes one batch after another; a batch that is cut off leaves no file. */
  private final class Observer implements AttentionSource.Observer, AutoCloseable {
    private TraceWriter.Generation generation;

    @Override
    public List<AttentionTap> taps(int... batch) {
      try {
        generation =
            writer.record(
                IntStream.of(batch)
                    .mapToObj(
                        i -> TraceWriter.prompt(i, images.get(i).text(), images.get(i).seed()))
                    .toList());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return List.of(generation);
    }

    @Override
    public void replayed(int... batch) {
      try {
        generation.finish();
        close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() throws IOException {
      if (generation != null) {
        generation.close();
        generation = null;
      }
    }
  }
}
