package io.scalekv.profile;

import io.scalekv.cache.CachePolicy;
import io.scalekv.cache.CacheSettings;
import io.scalekv.cache.Geometry;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import io.scalekv.io.Require;
import io.scalekv.model.BitRecorder;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.Prompt;
import io.scalekv.model.PromptSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.IntConsumer;

/** Attention of a model that draws the images of a prompt set with its full cache. */
public final class DrawnAttention implements AttentionSource {
  private final ImageModel model;
  private final Drawing drawing;
  private final PromptSet prompts;
  private final List<Prompt> images;

  /** Returns the attention of a model that draws a prompt set. */
  public DrawnAttention(ImageModel model, Drawing drawing, PromptSet prompts) {
    this.model = model;
    this.drawing = drawing;
    this.prompts = prompts;
    this.images = drawing.images(prompts.prompts());
  }

  @Override
  public Geometry geometry() {
    return model.config().geometry();
  }

  @Override
  public ScaleSchedule schedule() {
    return drawing.schedule();
  }

  @Override
  public int images() {
    return images.size();
  }

  @Override
  public Optional<TokenMap> rotaryReference() {
    return model.config().rotaryReference(drawing.aspect());
  }

  @Override
  public SortedMap<String, String> provenance() {
    SortedMap<String, String> facts = drawing.provenance();
    facts.putAll(model.provenance());
    facts.putAll(prompts.provenance());
    facts.put("prompts", Integer.toString(prompts.prompts().size()));
    return facts;
  }

  @Override
  public void replay(int[] chosen, int batch, Observer observer, IntConsumer progress) {
    Require.that(chosen.length > 0, "prompts must be at least one, got none");
    Require.atLeast("batch", batch, 1);
    for (int from = 0; from < chosen.length; from += batch) {
      int[] some = Arrays.copyOfRange(chosen, from, Math.min(chosen.length, from + batch));
      model.drawCodes(
          drawing,
          Arrays.stream(some).mapToObj(images::get).toList(),
          model.fullCache(schedule()),
          List.copyOf(observer.taps(some)),
          GenerationListener.NONE);
      observer.replayed(some);
      for (int i = 1; i <= some.length; i++) {
        progress.accept(from + i);
      }
    }
  }

  @Override
  public Optional<double[]> changedCodes(
      List<CachePolicy> policies, int count, int batch, IntConsumer progress) {
    Require.between("images", count, 1, images.size());
    int[] done = new int[1];
    Runnable step = () -> progress.accept(++done[0]);
    List<List<boolean[]>> full = codes(model.fullCache(schedule()), count, batch, step);
    double[] changed = new double[policies.size()];
    for (int p = 0; p < changed.length; p++) {
      List<List<boolean[]>> codes = codes(CacheSettings.of(policies.get(p)), count, batch, step);
      for (int i = 0; i < count; i++) {
        changed[p] += changed(full.get(i), codes.get(i)) / count;
      }
    }
    return Optional.of(changed);
  }

  /** Returns token bits of the first images, [image][map]. */
  private List<List<boolean[]>> codes(CacheSettings cache, int count, int batch, Runnable step) {
    List<List<boolean[]>> all = new ArrayList<>();
    for (int from = 0; from < count; from += batch) {
      BitRecorder recorder = new BitRecorder();
      List<Prompt> some = images.subList(from, Math.min(count, from + batch));
      model.drawCodes(drawing, some, cache, List.of(), recorder);
      all.addAll(recorder.images());
      some.forEach(image -> step.run());
    }
    return all;
  }

  /** Returns the share of the bits of all maps together that differ. */
  private static double changed(List<boolean[]> a, List<boolean[]> b) {
    long bits = 0;
    long different = 0;
    for (int k = 0; k < a.size(); k++) {
      for (int i = 0; i < a.get(k).length; i++) {
        different += a.get(k)[i] != b.get(k)[i] ? 1 : 0;
      }
      bits += a.get(k).length;
    }
    return (double) different / bits;
  }
}
