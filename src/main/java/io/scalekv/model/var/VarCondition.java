package io.scalekv.model.var;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Condition of a batch: what the class says to every layer, computed once per image.
 *
 * @param rows class embeddings, [B,C]: also the first token
 * @param shared output of the shared linear layer, [B,1,6,C], or null where every layer has its own
 * @param modulation of each layer gamma1, gamma2, scale1, scale2, shift1, shift2, each [B,1,C]
 * @param head scale and shift before the head, each [B,1,C]
 */
public record VarCondition(
    NDArray rows, NDArray shared, List<List<NDArray>> modulation, List<NDArray> head) {}
