package io.scalekv.profile.trace;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.scalekv.io.AtomicFile;
import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.model.AttentionSite;
import io.scalekv.model.AttentionTap;
import io.scalekv.profile.ProfileOptions;
import io.scalekv.profile.QuerySampler;
import io.scalekv.weights.StoredType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writer of a folder of recorded attention from the models of this project, float32, resumable: a
 * prompt is in the manifest once its file is complete.
 */
public final class TraceWriter {
  private final Path folder;
  private TraceManifest manifest;

  private TraceWriter(Path folder, TraceManifest manifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /**
   * Opens a folder for writing; an empty one, or one with the same recording, which is continued.
   *
   * @param software version of libtorch
   * @throws IllegalArgumentException if the folder holds another recording; one line
   */
  public static TraceWriter open(Path folder, TraceRecording recording, String software)
      throws IOException {
    Require.that(
        recording.form() == TraceRecording.Form.TENSORS && recording.type() == StoredType.F32,
        "recording must be of float32 tensors, got %s",
        recording.type());
    if (!Files.exists(folder.resolve(TraceManifest.FILE))) {
      return new TraceWriter(folder, new TraceManifest(recording, 0, software, List.of()));
    }
    TraceManifest found = TraceManifest.read(folder);
    Map<String, Object> wanted = TraceManifest.fields(recording);
    TraceManifest.fields(found.recording())
        .forEach(
            (name, value) ->
                Require.that(
                    value.equals(wanted.get(name)),
                    "%s holds another recording: %s must be %s, got %s",
                    folder,
                    name,
                    value,
                    wanted.get(name)));
    return new TraceWriter(folder, found);
  }

  /** Returns whether a prompt is recorded. */
  public boolean has(int index) {
    return manifest.has(index);
  }

  /** Returns the manifest, with the prompts recorded so far. */
  public TraceManifest manifest() {
    return manifest;
  }

  /**
   * Begins the files of prompts that are drawn together.
   *
   * @param prompts one for each conditional batch row, none of them recorded yet
   */
  public Generation record(List<TraceManifest.Prompt> prompts) throws IOException {
    Files.createDirectories(folder);
    return new Generation(prompts);
  }

  /** Returns a prompt to record. */
  public static TraceManifest.Prompt prompt(int index, String text, long seed) {
    return new TraceManifest.Prompt(index, text, seed, TraceRecording.Form.TENSORS.file(index));
  }

  /** Tap that writes the prompts of one generation; closed unfinished, it leaves no file. */
  public final class Generation implements AttentionTap, AutoCloseable {
    private final TraceRecording recording = manifest.recording();
    private final List<TraceManifest.Prompt> prompts;
    private final List<Path> parts = new ArrayList<>();
    private final List<FileChannel> channels = new ArrayList<>();
    private int calls;

    private Generation(List<TraceManifest.Prompt> prompts) throws IOException {
      this.prompts = List.copyOf(prompts);
      try {
        for (TraceManifest.Prompt prompt : prompts) {
          Require.that(!has(prompt.index()), "prompt %d is recorded already", prompt.index());
          Path part = AtomicFile.temporary(folder.resolve(prompt.file()));
          parts.add(part);
          channels.add(
              FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
          write(channels.size() - 1, header(prompt));
        }
      } catch (IOException | RuntimeException e) {
        close();
        throw e;
      }
    }

    private boolean both() {
      return recording.branches() == TraceRecording.Branches.BOTH;
    }

    private ByteBuffer header(TraceManifest.Prompt prompt) {
      Map<String, Object> header = new LinkedHashMap<>();
      header.put(
          "__metadata__",
          Map.of(
              "index", Integer.toString(prompt.index()),
              "prompt", prompt.prompt(),
              "seed", Long.toString(prompt.seed())));
      long[] at = new long[1];
      TraceLayout.each(
          recording,
          both() ? recording.schedule().scales() : 0,
          e -> {
            Map<String, Object> tensor = new LinkedHashMap<>();
            tensor.put("dtype", e.type().name());
            tensor.put("shape", e.shape());
            tensor.put("data_offsets", List.of(at[0], at[0] += e.bytes()));
            header.put(e.name(), tensor);
          });
      byte[] text = Json.MAPPER.writeValueAsBytes(header);
      int length = (text.length + 7) / 8 * 8;
      ByteBuffer bytes = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putLong(length).put(text);
      while (bytes.hasRemaining()) {
        bytes.put((byte) ' ');
      }
      return bytes.flip();
    }

    @Override
    public void attend(AttentionSite site, NDArray query, NDArray key, NDArray value) {
      int layers = recording.geometry().layers();
      Require.that(
          site.layer() == calls % layers && site.scale() == calls / layers,
          "call %d must be of layer %d scale %d, got layer %d scale %d",
          calls,
          calls % layers,
          calls / layers + 1,
          site.layer(),
          site.scale() + 1);
      calls++;
      for (int i = 0; i < prompts.size(); i++) {
        int[] rows =
            QuerySampler.draw(
                recording.samplingSeed(),
                prompts.get(i).index(),
                site.layer(),
                site.scale(),
                recording.schedule().tokens(site.scale()),
                recording.queries());
        call(site, i, i, rows, query, key, value);
        if (both()) {
          call(site, i, prompts.size() + i, rows, query, key, value);
        }
        if (recording.namesRows()) {
          ByteBuffer bytes = ByteBuffer.allocate(4 * rows.length).order(ByteOrder.LITTLE_ENDIAN);
          bytes.asIntBuffer().put(rows);
          write(i, bytes);
        }
      }
    }

    /** Writes q, k and v of one batch row. */
    private void call(
        AttentionSite site,
        int prompt,
        int row,
        int[] rows,
        NDArray query,
        NDArray key,
        NDArray value) {
      int tokens = recording.schedule().tokens(site.scale());
      int from = recording.schedule().tokensBefore(site.scale());
      float[] q = floats(query, row, 0, tokens);
      write(prompt, recording.queries() == ProfileOptions.ALL ? q : chosen(q, tokens, rows));
      write(prompt, floats(key, row, from, tokens));
      if (recording.values()) {
        write(prompt, floats(value, row, from, tokens));
      }
    }

    /** Returns some rows of q [H,n,D], in their order. */
    private float[] chosen(float[] q, int tokens, int... rows) {
      int width = recording.geometry().headWidth();
      int heads = recording.geometry().heads();
      float[] chosen = new float[heads * rows.length * width];
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < rows.length; i++) {
          System.arraycopy(
              q, (h * tokens + rows[i]) * width, chosen, (h * rows.length + i) * width, width);
        }
      }
      return chosen;
    }

    /** Returns tokens of one batch row of x [B,H,T,D]. */
    private static float[] floats(NDArray x, int row, int from, int count) {
      try (NDArray part = x.get(new NDIndex("{},:,{}:{},:", row, from, from + count))) {
        return part.toFloatArray();
      }
    }

    private void write(int prompt, float... values) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(values);
      write(prompt, bytes);
    }

    private void write(int prompt, ByteBuffer bytes) {
      try {
        while (bytes.hasRemaining()) {
          channels.get(prompt).write(bytes);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(AtomicFile.named(parts.get(prompt), e));
      }
    }

    /** Puts the files in place and the prompts into the manifest. */
    public void finish() throws IOException {
      int all = recording.geometry().layers() * recording.schedule().scales();
      Require.that(calls == all, "calls of a generation must be %d, got %d", all, calls);
      for (int i = 0; i < prompts.size(); i++) {
        channels.get(i).force(true);
        channels.get(i).close();
        Files.move(
            parts.get(i),
            folder.resolve(prompts.get(i).file()),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
        manifest = manifest.with(prompts.get(i));
      }
      manifest.write(folder);
    }

    @Override
    public void close() throws IOException {
      for (FileChannel channel : channels) {
        channel.close();
      }
      for (Path part : parts) {
        Files.deleteIfExists(part);
      }
    }
  }
}
