package io.scalekv.cli;

import io.scalekv.model.ModelConfig;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Random weights of a configuration: {@code SEED[,DEPTHxWIDTHxHEADS[,text=N]]}.
 *
 * @param seed of the weights
 * @param shape layers, channels and heads in place of the model's, or null
 * @param textTokens random text tokens of every prompt; 0 for those of its words
 */
record RandomWeights(long seed, Shape shape, int textTokens) {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,18})(?:,(\\d{1,4})x(\\d{1,5})x(\\d{1,5}))?(?:,text=(\\d{1,3}))?");

  /** Layers, channels and heads of a transformer. */
  record Shape(int depth, int width, int heads) {}

  /** Returns the configuration in the shape asked for. */
  ModelConfig of(ModelConfig model) {
    return shape == null
        ? model
        : model.withGeometry(
            Optional.of(shape.depth()), Optional.of(shape.width()), Optional.of(shape.heads()));
  }

  /** Reads the text form. */
  static final class Converter implements ITypeConverter<RandomWeights> {
    @Override
    public RandomWeights convert(String text) {
      Matcher m = FORM.matcher(text);
      if (!m.matches()) {
        throw new TypeConversionException(
            "must be SEED, SEED,DEPTHxWIDTHxHEADS or SEED,DEPTHxWIDTHxHEADS,text=N, got " + text);
      }
      Shape shape =
          m.group(2) == null
              ? null
              : new Shape(
                  Integer.parseInt(m.group(2)),
                  Integer.parseInt(m.group(3)),
                  Integer.parseInt(m.group(4)));
      int tokens = m.group(5) == null ? 0 : Integer.parseInt(m.group(5));
      return new RandomWeights(Long.parseLong(m.group(1)), shape, tokens);
    }
  }
}
