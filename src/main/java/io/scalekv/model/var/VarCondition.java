package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import io.scalekv.model.attention.Modulation;

/**
 * Condition of a batch, computed once per image.
 *
 * @param rows class embeddings, [B,C]: also the first token
 * @param modulation of the layers and the head
 */
public record VarCondition(NDArray rows, Modulation modulation) {}
