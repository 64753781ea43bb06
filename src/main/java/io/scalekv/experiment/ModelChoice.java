package io.scalekv.experiment;

/**
 * Which model an experiment runs.
 *
 * @param name a model known by name, or a folder with a {@code config.json}
 * @param weights folder of the checkpoint files, or null for those that come with the model
 * @param randomWeights seed of random weights, or null
 */
public record ModelChoice(String name, String weights, Long randomWeights) {}
