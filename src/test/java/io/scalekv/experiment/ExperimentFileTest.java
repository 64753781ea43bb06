package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExperimentFileTest {
  @Test
  void aLabelOfTwoCellsNamesTheGroup() {
    ExperimentFile file =
        new ExperimentFile(
            1,
            "roles",
            "Roles",
            ExperimentSpec.Kind.FIDELITY,
            null,
            false,
            "",
            "",
            null,
            null,
            null,
            List.of(
                new ExperimentFile.Row("two drafters", "scalekv (asi)", "scalekv (asi)", "a"),
                new ExperimentFile.Row("six drafters", "scalekv (asi)", "scalekv (asi)", "b"),
                new ExperimentFile.Row("others", "snapkv", "snapkv", "c"),
                new ExperimentFile.Row("again", "snapkv", "snapkv", "c")),
            Map.of());
    assertEquals(
        List.of("scalekv (asi), two drafters", "scalekv (asi), six drafters", "snapkv", "snapkv"),
        file.toldApart().stream().map(ExperimentFile.Row::label).toList());
    assertEquals(
        List.of("a", "b", "c", "c"),
        file.toldApart().stream().map(ExperimentFile.Row::id).toList());
  }
}
