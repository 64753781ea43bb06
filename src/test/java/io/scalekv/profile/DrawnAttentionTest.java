package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.model.AttentionTap;
import io.scalekv.model.Drawing;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelSource;
import io.scalekv.model.PromptSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DrawnAttentionTest {
  private static final String CIRCLE =
      "a large solid red circle at center on a plain blue background";

  @Test
  void replayAsksForTapsOfEveryBatch() {
    List<String> calls = new ArrayList<>();
    try (ImageModel model =
        ImageModel.open(ModelCatalog.config("pocket"), new ModelSource.Shipped(), false)) {
      DrawnAttention source =
          new DrawnAttention(
              model,
              Drawing.defaults(model.config()).withSeeds(3),
              PromptSet.ofTexts("one", List.of(CIRCLE)));
      AttentionSource.Observer observer =
          new AttentionSource.Observer() {
            @Override
            public List<AttentionTap> taps(int... images) {
              calls.add("taps " + Arrays.toString(images));
              return List.of(
                  (site, q, k, v) -> {
                    if (site.layer() == 0 && site.scale() == 0) {
                      calls.add("rows " + q.getShape().get(0));
                    }
                  });
            }

            @Override
            public void replayed(int... images) {
              calls.add("replayed " + Arrays.toString(images));
            }
          };
      source.replay(new int[] {0, 1, 2}, 2, observer, done -> calls.add("done " + done));
      assertThrows(
          IllegalArgumentException.class,
          () -> source.replay(new int[0], 1, some -> List.of(), done -> {}));
    }
    assertEquals(
        List.of(
            "taps [0, 1]",
            "rows 4",
            "replayed [0, 1]",
            "done 1",
            "done 2",
            "taps [2]",
            "rows 2",
            "replayed [2]",
            "done 3"),
        calls);
  }
}
