package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SceneClassesTest {
  @Test
  void everyShapeInEveryColourOnEveryOther() {
    List<String> captions =
        IntStream.range(0, SceneClasses.COUNT)
            .mapToObj(i -> SceneClasses.scene(i).caption())
            .toList();
    assertEquals(540, SceneClasses.COUNT);
    assertEquals(540, new HashSet<>(captions).size());
    assertEquals("a large solid red circle at center on a plain green background", captions.get(0));
    assertEquals(
        "a large solid pink diamond at center on a plain cyan background", captions.get(539));
    for (int i = 0; i < 540; i++) {
      assertEquals(SceneClasses.scene(i), SceneGrammar.parse(captions.get(i)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 540})
  void unknownClassesAreRefused(int index) {
    assertThrows(IllegalArgumentException.class, () -> SceneClasses.scene(index));
  }
}
