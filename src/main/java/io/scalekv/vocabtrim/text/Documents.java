package io.scalekv.vocabtrim.text;

import java.util.List;

/** Texts by domain for measurements: those measured on are never calibrated on. */
public interface Documents {
  /** Returns a description for provenance. */
  String description();

  /** Returns documents to measure on, each longer than {@code length} tokens or whole. */
  List<int[]> measured(TextTokenizer tokenizer, String domain, int count, int length);

  /** Returns documents to calibrate on; none of them is measured on. */
  List<int[]> calibration(TextTokenizer tokenizer, String domain, int count, int length);
}
