package io.scalekv.experiment.spark;

import io.scalekv.experiment.CellSession;
import java.io.Serializable;

/** What an executor must know of a run; it travels to every one. */
public interface CellJob extends Serializable {
  /** Made in the executor's JVM, once; loads the model with the first cell. */
  CellSession open();
}
