package io.scalekv.experiment;

import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;

/** How a run comes by its model. */
public interface Models {
  /** The configuration that a choice names. */
  ModelConfig config(ModelChoice choice);

  /** Where its weights are. */
  ModelSource source(ModelChoice choice);

  /**
   * Loads it.
   *
   * @param dtype {@code fp32} or {@code bf16}
   */
  ImageModel open(ModelChoice choice, String dtype);
}
