package io.scalekv.model;

import io.scalekv.io.Require;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Sampling of token codes from the model's logits.
 *
 * @param cfgs guidance strength on the logits at each scale; where it is constant over the rows, 1
 *     from some scale to the last ends the unconditional branch there
 * @param guidance how the strength is used
 * @param taus temperature that divides the logits at each scale; 0 takes the most likely code
 * @param topK most likely codes that are drawn; 0 for all
 * @param topP nucleus of each bit or code; a value of probability ≤ 1 − topP is never drawn; 0 for
 *     all of a codebook
 * @param moreSmooth whether the input of the next scale is a Gumbel-softmax mean of codes, for
 *     looks alone
 * @param insertionLayer 0 for guidance on the logits; −n for guidance on the output of the n-th
 *     layer from the end, layer L − n
 */
public record Sampling(
    PerScale cfgs,
    Guidance guidance,
    PerScale taus,
    int topK,
    double topP,
    boolean moreSmooth,
    int insertionLayer) {
  /** Checks the ranges. */
  public Sampling {
    cfgs.check("cfg", 0, 100);
    taus.check("tau", 0, 100);
    Require.that(
        guidance == Guidance.CONSTANT || cfgs.values().size() == 1,
        "cfg must be one number where guidance grows, got %s",
        cfgs);
    Require.atLeast("top-k", topK, 0);
    boolean none = guidance == Guidance.GROWING && topP == 0;
    Require.that(
        none || topP > 0 && topP <= 1, "top-p must be above 0 and at most 1, got %s", topP);
    Require.that(
        insertionLayer <= 0, "cfg-insertion-layer must be at most 0, got %d", insertionLayer);
  }

  /** Creates the sampling of bits, with constant guidance and the same numbers at all scales. */
  public Sampling(double cfg, double tau, double topP) {
    this(PerScale.of(cfg), Guidance.CONSTANT, PerScale.of(tau), 0, topP, false, 0);
  }

  /** Returns the sampling of bits whose guidance and temperature differ from scale to scale. */
  public static Sampling of(PerScale cfgs, PerScale taus, double topP, int insertionLayer) {
    return new Sampling(cfgs, Guidance.CONSTANT, taus, 0, topP, false, insertionLayer);
  }

  /** Returns the sampling of code indices, with growing guidance. */
  public static Sampling ofCodes(double cfg, int topK, double topP, boolean moreSmooth) {
    return new Sampling(
        PerScale.of(cfg), Guidance.GROWING, PerScale.of(1), topK, topP, moreSmooth, 0);
  }

  /** Returns the guidance strength of the first scale. */
  public double cfg() {
    return cfgs.at(0);
  }

  /** Returns the temperature of the first scale. */
  public double tau() {
    return taus.at(0);
  }

  /** Returns the defaults of Infinity's released sampling script: cfg 3, tau 1, top-p 0.97. */
  public static Sampling defaults() {
    return new Sampling(3, 1, 0.97);
  }

  /** Returns this without guidance behind the first {@code kept} of all scales. */
  public Sampling guidedUntil(int kept, int scales) {
    return of(cfgs.oneAfter(kept, scales), taus, topP, insertionLayer);
  }

  /** Returns this with other numbers where they are given; null keeps this one's. */
  public Sampling with(
      PerScale newCfg, PerScale newTau, Integer newTopK, Double newTopP, Boolean smooth) {
    return new Sampling(
        newCfg == null ? cfgs : newCfg,
        guidance,
        newTau == null ? taus : newTau,
        newTopK == null ? topK : newTopK,
        newTopP == null ? topP : newTopP,
        smooth == null ? moreSmooth : smooth,
        insertionLayer);
  }

  /** Returns this with guidance at another layer. */
  public Sampling insertedAt(int layer) {
    return new Sampling(cfgs, guidance, taus, topK, topP, moreSmooth, layer);
  }

  /** Returns whether an unconditional branch runs next to the conditional one. */
  public boolean guided() {
    return !cfgs.isAll(guidance.none());
  }

  /** Returns the number of scales that the unconditional branch runs: up to the last guided one. */
  public int guidedScales(int scales) {
    int guided = scales;
    while (guided > 0 && cfgs.at(guided - 1) == guidance.none()) {
      guided--;
    }
    return guided;
  }

  /** Checks that numbers of each scale are as many as the scales. */
  void check(int scales) {
    cfgs.checkCount("cfg", scales);
    taus.checkCount("tau", scales);
  }

  /** Returns the sampling that {@link #provenance} states. */
  static Sampling of(Function<String, String> fact, boolean codes, int insertionLayer) {
    double topP = Double.parseDouble(fact.apply("topP"));
    return codes
        ? ofCodes(
            Double.parseDouble(fact.apply("cfg")),
            Integer.parseInt(fact.apply("topK")),
            topP,
            Boolean.parseBoolean(fact.apply("moreSmooth")))
        : of(
            PerScale.parse(fact.apply("cfg")),
            PerScale.parse(fact.apply("tau")),
            topP,
            insertionLayer);
  }

  /** Returns the facts that files of results state, by name. */
  SortedMap<String, String> provenance() {
    SortedMap<String, String> facts = new TreeMap<>();
    facts.put("cfg", cfgs.toString());
    facts.put("topP", Double.toString(topP));
    if (guidance == Guidance.CONSTANT) {
      facts.put("tau", taus.toString());
      if (insertionLayer != 0) {
        facts.put("cfgInsertionLayer", Integer.toString(insertionLayer));
      }
    } else {
      facts.put("topK", Integer.toString(topK));
      facts.put("moreSmooth", Boolean.toString(moreSmooth));
    }
    return facts;
  }
}
