package io.scalekv.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.io.Sha256;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DrawingTest {
  private static final String CIRCLE =
      "a large solid red circle at center on a plain blue background";
  private static final String SQUARE =
      "a small striped green square at left on a plain white background";

  private static ImageModel model;

  @BeforeAll
  static void open() {
    model = ImageModel.open(ModelCatalog.config("pocket"), new ModelSource.Shipped(), false);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static List<List<boolean[]>> bits(Drawing drawing, List<Prompt> prompts) {
    BitRecorder recorder = new BitRecorder();
    model.drawCodes(drawing, prompts, model.fullCache(drawing.schedule()), List.of(), recorder);
    return recorder.images();
  }

  private static String hash(List<List<boolean[]>> images) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (List<boolean[]> image : images) {
      for (boolean[] scale : image) {
        for (boolean bit : scale) {
          bytes.write(bit ? 1 : 0);
        }
      }
    }
    return Sha256.of(bytes.toByteArray());
  }

  /** Recorded before the seed rule; without sampling the seed has no effect. */
  @Test
  void imagesWithoutSamplingStayTheSame() {
    Drawing drawing = Drawing.defaults(model.config()).with(new Sampling(3, 0, 0.97));
    assertEquals(
        "2ec124af61604c73b7863b1cf69e128adc8a9e088cf0b23640751854f17a45ea",
        hash(bits(drawing, List.of(new Prompt(CIRCLE, 1), new Prompt(SQUARE, 2)))));
  }

  @Test
  void imageDependsOnSeedAndPromptNotOnItsBatch() {
    Drawing drawing = Drawing.defaults(model.config());
    Prompt circle = new Prompt(CIRCLE, 5);
    List<boolean[]> last = bits(drawing, List.of(new Prompt(SQUARE, 5), circle)).get(1);
    List<boolean[]> first = bits(drawing, List.of(circle, new Prompt(SQUARE, 9))).get(0);
    assertEquals(hash(List.of(last)), hash(List.of(first)));
    List<boolean[]> other = bits(drawing, List.of(new Prompt(CIRCLE, 6), circle)).get(0);
    assertNotEquals(hash(List.of(first)), hash(List.of(other)));
  }

  @Test
  void seedsOfRandomNumbersAreDistinctAndFixed() {
    assertEquals(new Prompt("a", 1).randomSeed(), new Prompt("a", 1).randomSeed());
    assertEquals(
        4,
        List.of(new Prompt("a", 0), new Prompt("a", 1), new Prompt("b", 0), new Prompt("b", 1))
            .stream()
            .map(Prompt::randomSeed)
            .distinct()
            .count());
    // first 16 digits of: printf '\0\0\0\0\0\0\0\7a cat' | sha256sum
    assertEquals(0x1f25a4c944c96ecbL, new Prompt("a cat", 7).randomSeed());
  }

  @Test
  void everyPromptIsDrawnWithTheSameSeeds() {
    Drawing drawing = Drawing.defaults(model.config()).withSeed(4).withSeeds(2);
    assertEquals(
        List.of(new Prompt("a", 4), new Prompt("a", 5), new Prompt("b", 4), new Prompt("b", 5)),
        drawing.images(List.of("a", "b")));
  }

  @Test
  void wrongValuesAreRefused() {
    Drawing drawing = Drawing.defaults(ModelCatalog.config("pocket"));
    assertThrows(IllegalArgumentException.class, () -> drawing.withSeeds(0));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(-1, 1, 0.97));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(3, Double.NaN, 0.97));
    assertThrows(IllegalArgumentException.class, () -> new Sampling(3, 1, 0));
  }
}
