package io.scalekv.profile.trace;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Recorder for PyTorch: one Python file that writes recordings where a model runs. */
public final class RecorderScript {
  private static final String RESOURCE = "record.py";

  private RecorderScript() {}

  /** Returns the text of the file. */
  public static String text() {
    try (InputStream in = RecorderScript.class.getResourceAsStream(RESOURCE)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
