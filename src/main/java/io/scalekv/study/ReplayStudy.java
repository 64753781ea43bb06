package io.scalekv.study;

import io.scalekv.cache.Budget;
import io.scalekv.cache.BudgetTooSmallException;
import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheType;
import io.scalekv.cache.MemoryModel;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.policy.Policies;
import io.scalekv.cache.policy.PolicyCalibration;
import io.scalekv.cache.policy.PolicyFactory;
import io.scalekv.cache.policy.PolicySpec;
import io.scalekv.io.Require;
import io.scalekv.metrics.Bootstrap;
import io.scalekv.metrics.Interval;
import io.scalekv.profile.trace.PolicyReplay;
import io.scalekv.profile.trace.PolicyReplay.Quantity;
import io.scalekv.profile.trace.RecordedAttention;
import io.scalekv.profile.trace.TraceRecording;
import io.scalekv.report.LayerScaleMap;
import io.scalekv.report.LineFigure;
import io.scalekv.report.NamedFigure;
import io.scalekv.report.PolicyStyle;
import io.scalekv.report.ReportTable;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.study.Study.Answer;
import io.scalekv.study.Study.Replay;
import io.scalekv.study.Study.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Study of cache policies on recorded attention: every policy is replayed over the queries, keys
 * and values of a recording, and the error of the attention output is measured at every layer and
 * scale. Which policy loses least on a model, before an image is drawn?
 */
final class ReplayStudy {
  private ReplayStudy() {}

  /** See {@link Study#answer}. */
  static Answer answer(Request request) throws IOException {
    Require.that(request.inputs().size() == 1, "replay reads one folder, got %s", request.inputs());
    RecordedAttention source = RecordedAttention.open(request.inputs().get(0));
    Replays replays = Replays.of(source, request.replay());
    PolicyReplay replay =
        PolicyReplay.of(source, replays.made().stream().map(Replays.Run::policy).toList());
    int images = source.images();
    request.replay().progress().planned(images);
    source.replay(
        IntStream.range(0, images).toArray(),
        1,
        replay,
        done -> request.replay().progress().step("prompt " + done));
    return replays.answer(replay.policies());
  }

  /** Policies at budgets over one recording. */
  private static final class Replays {
    /**
     * Policy at a budget.
     *
     * @param tokens nominal budget
     * @param policy the policy; null where it cannot be made
     * @param reason why not
     */
    record Run(PolicySpec spec, Budget budget, int tokens, CachePolicy policy, String reason) {
      String label() {
        return Policies.label(spec);
      }
    }

    private final RecordedAttention source;
    private final ScaleSchedule schedule;
    private final List<Run> runs = new ArrayList<>();
    private final Map<Run, PolicyReplay.Replayed> measured = new LinkedHashMap<>();

    private Replays(RecordedAttention source) {
      this.source = source;
      this.schedule = source.schedule();
    }

    static Replays of(RecordedAttention source, Replay options) throws IOException {
      Replays replays = new Replays(source);
      Optional<Calibration> roles =
          options.roles() == null
              ? Optional.empty()
              : Optional.of(CalibrationFile.read(options.roles()));
      int branches =
          source.manifest().recording().guidance() == TraceRecording.Guidance.NONE ? 1 : 2;
      MemoryModel memory = source.geometry().memory(CacheType.FP32, CacheType.FP32, branches, 1);
      PolicyFactory factory =
          new PolicyFactory(
              source.schedule(),
              memory,
              tokens ->
                  roles
                      .map(
                          c ->
                              c.forPolicies(
                                  source.schedule(),
                                  source.geometry().layers(),
                                  source.geometry().heads(),
                                  tokens))
                      .orElse(PolicyCalibration.NONE),
              0);
      for (Budget budget : options.budgets()) {
        for (PolicySpec spec : options.policies()) {
          replays.runs.add(run(factory, spec, budget));
        }
      }
      return replays;
    }

    private static Run run(PolicyFactory factory, PolicySpec spec, Budget budget) {
      List<String> missing =
          Policies.needs(spec).stream()
              .filter(part -> !factory.calibration().apply(1).has(part))
              .toList();
      if (!missing.isEmpty()) {
        String reason = "missing calibration part " + missing.get(0) + ": give --roles";
        return new Run(spec, budget, 0, null, reason);
      }
      try {
        int tokens = factory.tokens(spec, budget);
        return new Run(spec, budget, tokens, factory.create(spec, tokens), null);
      } catch (BudgetTooSmallException e) {
        String reason = e.getMessage().replaceFirst("^policy [^:]+: (n/a, )?", "");
        return new Run(spec, budget, 0, null, reason);
      }
    }

    List<Run> made() {
      return runs.stream().filter(r -> r.policy() != null).toList();
    }

    Answer answer(List<PolicyReplay.Replayed> replayed) {
      List<Run> made = made();
      for (int i = 0; i < made.size(); i++) {
        if (replayed.get(i).reason() == null) {
          measured.put(made.get(i), replayed.get(i));
        }
      }
      Require.that(
          !measured.isEmpty(),
          "--policies must have one that can be replayed, got none: %s",
          runs.stream().map(r -> r.label() + ": " + reason(r, replayed)).toList());
      return new Answer(List.of(summary(replayed), pairs()), List.of(figure()));
    }

    private String reason(Run run, List<PolicyReplay.Replayed> replayed) {
      return run.policy() == null ? run.reason() : replayed.get(made().indexOf(run)).reason();
    }

    /** Returns the first scale, 0-based, at which a policy of a budget reads a compressed cache. */
    private int firstCut(Budget budget) {
      return measured.keySet().stream()
          .filter(r -> r.budget().equals(budget))
          .mapToInt(r -> r.policy().plan().firstCutScale())
          .min()
          .orElseThrow();
    }

    /** Returns the mean over layers and compressed scales, with an interval over prompts. */
    private Interval mean(Run run, Quantity quantity) {
      PolicyReplay.Replayed values = measured.get(run);
      if (values == null) {
        return null;
      }
      int first = firstCut(run.budget());
      return interval(
          values,
          image ->
              IntStream.range(0, source.geometry().layers())
                  .mapToDouble(
                      l ->
                          IntStream.range(first, schedule.scales())
                              .mapToDouble(s -> values.value(image, quantity, l, s))
                              .average()
                              .orElse(0))
                  .average()
                  .orElse(0));
    }

    private static Interval interval(PolicyReplay.Replayed values, IntToDoubleFunction ofImage) {
      return Bootstrap.withSeed(0)
          .mean(values.images().stream().mapToDouble(ofImage::applyAsDouble).toArray());
    }

    private ReportTable summary(List<PolicyReplay.Replayed> replayed) {
      return ReportTable.of("replay", "Policies on recorded attention: " + model(), runs)
          .both("policy", "policy", Run::label)
          .both("budget", "budget", Run::budget)
          .both("budgetTokens", "tokens", r -> r.policy() == null ? null : r.tokens())
          .interval("outputError", "output error ↓", 4, r -> mean(r, Quantity.OUTPUT_ERROR))
          .interval("retainedMass", "retained mass ↑", 4, r -> mean(r, Quantity.RETAINED_MASS))
          .interval("recall", "recall ↑", 4, r -> mean(r, Quantity.RECALL))
          .data("reason", r -> measured.containsKey(r) ? null : reason(r, replayed))
          .notes(
              runs.stream()
                  .filter(r -> !measured.containsKey(r))
                  .map(r -> r.label() + ": n/a: " + reason(r, replayed))
                  .distinct()
                  .toList())
          .note(
              "Teacher-forced, conditional branch: ‖o_full − o_policy‖ / ‖o_full‖ of the attention"
                  + " output, attention of the full cache on the tokens that the policy reads, and"
                  + " share of these among the as many most attended prefix tokens; means over"
                  + " layers and the scales that read a compressed cache, with 95 % bootstrap"
                  + " intervals over "
                  + source.images()
                  + " prompts.")
          .build();
    }

    private String model() {
      return source.manifest().recording().model();
    }

    /** Measurement of a policy at one layer and scale. */
    private record Place(Run run, int layer, int scale) {}

    private ReportTable pairs() {
      List<Place> places = new ArrayList<>();
      for (Run run : measured.keySet()) {
        for (int l = 0; l < source.geometry().layers(); l++) {
          for (int s = firstCut(run.budget()); s < schedule.scales(); s++) {
            places.add(new Place(run, l, s));
          }
        }
      }
      ReportTable.Builder<Place> table =
          ReportTable.of("replay-layers", "Policies by layer and scale", places)
              .data("policy", p -> p.run().label())
              .data("budget", p -> p.run().budget())
              .data("layer", Place::layer)
              .data("scale", p -> p.scale() + 1)
              .data("map", p -> schedule.map(p.scale()));
      Map<Quantity, String> names =
          Map.of(
              Quantity.OUTPUT_ERROR, "outputError",
              Quantity.RETAINED_MASS, "retainedMass",
              Quantity.RECALL, "recall");
      for (Quantity q : Quantity.values()) {
        table.interval(
            names.get(q),
            p ->
                interval(
                    measured.get(p.run()),
                    image -> measured.get(p.run()).value(image, q, p.layer(), p.scale())));
      }
      return table.build();
    }

    /** Error by scale of every policy at the smallest budget, mean over layers. */
    private NamedFigure figure() {
      Run smallest =
          measured.keySet().stream().min(Comparator.comparingInt(Run::tokens)).orElseThrow();
      int first = firstCut(smallest.budget());
      int[] scales = IntStream.range(first, schedule.scales()).toArray();
      List<LineFigure.Line> lines = new ArrayList<>();
      for (Run run : measured.keySet()) {
        if (run.budget().equals(smallest.budget())) {
          List<Interval> errors =
              IntStream.of(scales).mapToObj(s -> errorOf(measured.get(run), s)).toList();
          double[] x = IntStream.of(scales).mapToDouble(s -> s + 1).toArray();
          lines.add(
              LineFigure.Line.joined(
                  run.label(), PolicyStyle.of(run.spec().toString()), x, errors));
        }
      }
      String title = model() + ": error of the attention output at " + smallest.budget();
      String axis = "scale, to " + LayerScaleMap.scale(schedule.maps(), schedule.scales() - 1);
      return new NamedFigure(
          "replay",
          title + " by scale, one line a policy",
          LineFigure.of(
              new LineFigure.Axes(title, axis, "relative error, mean over layers", false),
              lines,
              List.of()));
    }

    private Interval errorOf(PolicyReplay.Replayed values, int scale) {
      return interval(
          values,
          image ->
              IntStream.range(0, source.geometry().layers())
                  .mapToDouble(l -> values.value(image, Quantity.OUTPUT_ERROR, l, scale))
                  .average()
                  .orElse(0));
    }
  }
}
