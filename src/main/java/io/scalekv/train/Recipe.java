package io.scalekv.train;

import io.scalekv.io.Require;
import java.util.List;

/**
 * Training recipe of a pocket model, with the values that its shipped weights were trained with;
 * those of pocket-xl were trained on by three more trainings, see its provenance.
 *
 * @param model name of the model
 * @param seed of data, noise and initial weights
 * @param vaeSteps updates of the tokenizer; 0 for the shipped one
 * @param from shipped model whose weights are the initial ones, or null for random ones
 * @param steps updates of the transformer
 * @param decaySteps last updates, with a falling learning rate
 * @param learningRate peak of the transformer
 * @param averaging decay of the weights' moving average, whose result is the model
 * @param curriculum number of scales of a batch
 * @param tokens tokens of a batch, about
 * @param bf16 whether the blocks' products round their factors to bfloat16
 */
public record Recipe(
    String model,
    int seed,
    int vaeSteps,
    String from,
    int steps,
    int decaySteps,
    double learningRate,
    double averaging,
    Curriculum curriculum,
    int tokens,
    boolean bf16) {
  /** Recipes of all models that can be trained. */
  public static final List<Recipe> ALL =
      List.of(
          new Recipe(
              "pocket", 1, 2200, null, 4600, 1400, 2e-3, 0.999, Curriculum.LAST_MAPS, 4200, true),
          new Recipe(
              "pocket-l", 1, 0, "pocket", 2000, 700, 1e-3, 0.999, Curriculum.LAST_MAPS, 6000, true),
          new Recipe(
              "pocket-xl",
              7,
              0,
              null,
              2300,
              700,
              2e-3,
              0.996,
              Curriculum.SMALL_MAPS_FIRST,
              5100,
              true),
          new Recipe(
              "pocket-var", 1, 640, null, 2000, 600, 2e-3, 0.999, Curriculum.GROWING, 2100, true));

  /** Checks the ranges. */
  public Recipe {
    Require.atLeast("vae steps", vaeSteps, 0);
    Require.atLeast("steps", steps, 1);
    Require.between("decay steps", decaySteps, 0, steps);
    Require.between("learning rate", learningRate, 1e-7, 1);
    Require.between("averaging", averaging, 0, 1);
    Require.atLeast("tokens", tokens, 600);
  }
}
