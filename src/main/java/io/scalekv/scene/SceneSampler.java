package io.scalekv.scene;

import java.util.random.RandomGenerator;

/**
 * Sampler of scenes: each attribute is uniform, and scenes that break a rule of {@link Scene} or
 * are held out are rejected. The same generator state gives the same scenes.
 */
public final class SceneSampler {
  private static final double SINGLE_PART = 0.4;

  /** Level of a curriculum: the part of the language that is sampled. */
  public enum Level {
    /** One solid object on a plain background. */
    SINGLE_SOLID_PLAIN,
    /** One object, all textures and grounds. */
    SINGLE,
    /** Everything: 40 % of the scenes have one object, 60 % have two. */
    ALL
  }

  private final RandomGenerator random;
  private final boolean withHeldOut;

  private SceneSampler(RandomGenerator random, boolean withHeldOut) {
    this.random = random;
    this.withHeldOut = withHeldOut;
  }

  /** Returns a sampler that advances the given generator and never yields a held-out scene. */
  public static SceneSampler of(RandomGenerator random) {
    return new SceneSampler(random, false);
  }

  /** Returns a sampler of the whole language, held-out scenes included; not for training. */
  public static SceneSampler withHeldOut(RandomGenerator random) {
    return new SceneSampler(random, true);
  }

  /** Samples a scene of {@link Level#ALL}. */
  public Scene next() {
    return next(Level.ALL);
  }

  /** Samples a scene of a level. */
  public Scene next(Level level) {
    boolean single = level != Level.ALL || random.nextDouble() < SINGLE_PART;
    while (true) {
      Scene scene = single ? single(level == Level.SINGLE_SOLID_PLAIN) : pair();
      if (scene != null && (withHeldOut || !HeldOut.contains(scene))) {
        return scene;
      }
    }
  }

  /** Samples one object; null if it has the background's colour. */
  private Scene single(boolean solidPlain) {
    Colour background = pick(Colour.values());
    Ground ground = solidPlain ? Ground.PLAIN : pick(Ground.values());
    SceneObject object = object(solidPlain ? Texture.SOLID : pick(Texture.values()));
    Place place = pick(Place.values());
    return object.colour() == background ? null : Scene.of(object, place, ground, background);
  }

  /** Samples two objects; null if they break a rule. */
  private Scene pair() {
    Colour background = pick(Colour.values());
    Ground ground = pick(Ground.values());
    SceneObject first = object(pick(Texture.values()));
    SceneObject second = object(pick(Texture.values()));
    Relation relation = pick(Relation.values());
    boolean visible = first.colour() != background && second.colour() != background;
    boolean differ = first.colour() != second.colour() || first.shape() != second.shape();
    return visible && differ ? Scene.of(first, relation, second, ground, background) : null;
  }

  private SceneObject object(Texture texture) {
    return new SceneObject(
        pick(ObjectSize.values()), texture, pick(Colour.values()), pick(ShapeKind.values()));
  }

  private <T> T pick(T[] values) {
    return values[random.nextInt(values.length)];
  }
}
