package io.scalekv.model;

import io.scalekv.io.Require;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Sampling of token codes from the model's logits.
 *
 * @param cfg guidance strength on the logits, that of the first scale
 * @param guidance how the strength is used
 * @param tau temperature that divides the logits, that of the first scale; 0 takes the most likely
 *     code
 * @param topK most likely codes that are drawn; 0 for all
 * @param topP nucleus of each bit or code; a value of probability ≤ 1 − topP is never drawn; 0 for
 *     all of a codebook
 * @param moreSmooth whether the input of the next scale is a Gumbel-softmax mean of codes, for
 *     looks alone
 * @param cfgs constant guidance at each scale; 1 from some scale to the last ends the unconditional
 *     branch there
 * @param taus temperature at each scale
 * @param insertionLayer 0 for guidance on the logits; −n for guidance on the output of the n-th
 *     layer from the end, layer L − n
 */
public record Sampling(
    double cfg,
    Guidance guidance,
    double tau,
    int topK,
    double topP,
    boolean moreSmooth,
    PerScale cfgs,
    PerScale taus,
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

  /** Creates a sampling with the same numbers at all scales. */
  public Sampling(
      double cfg, Guidance guidance, double tau, int topK, double topP, boolean moreSmooth) {
    this(cfg, guidance, tau, topK, topP, moreSmooth, PerScale.of(cfg), PerScale.of(tau), 0);
  }

  /** Creates the sampling of bits, with constant guidance. */
  public Sampling(double cfg, double tau, double topP) {
    this(cfg, Guidance.CONSTANT, tau, 0, topP, false);
  }

  /** Returns the sampling of bits whose guidance and temperature differ from scale to scale. */
  public static Sampling of(PerScale cfgs, PerScale taus, double topP, int insertionLayer) {
    return new Sampling(
        cfgs.at(0), Guidance.CONSTANT, taus.at(0), 0, topP, false, cfgs, taus, insertionLayer);
  }

  /** Returns the sampling of code indices, with growing guidance. */
  public static Sampling ofCodes(double cfg, int topK, double topP, boolean moreSmooth) {
    return new Sampling(cfg, Guidance.GROWING, 1, topK, topP, moreSmooth);
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
    PerScale c = newCfg == null ? cfgs : newCfg;
    PerScale t = newTau == null ? taus : newTau;
    return new Sampling(
        c.at(0),
        guidance,
        t.at(0),
        newTopK == null ? topK : newTopK,
        newTopP == null ? topP : newTopP,
        smooth == null ? moreSmooth : smooth,
        c,
        t,
        insertionLayer);
  }

  /** Returns this with guidance at another layer. */
  public Sampling insertedAt(int layer) {
    return new Sampling(cfg, guidance, tau, topK, topP, moreSmooth, cfgs, taus, layer);
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
