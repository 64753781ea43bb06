package io.scalekv.model.attention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.scalekv.cache.ScaleSchedule;
import io.scalekv.cache.TokenMap;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotaryTableTest {
  /** Rows whose place falls exactly between two: to the even one. */
  @ParameterizedTest
  @CsvSource({
    "1,2,5,2", // 2.5
    "1,2,7,4", // 3.5
    "3,4,6,4", // 4.5
    "1,2,1,0", // 0.5
    "3,2,1,2", // 1.5
    "5,4,64,80",
    "0,8,64,0",
    "7,8,64,56"
  })
  void halfGoesToEven(int i, int tokens, int reference, int expected) {
    assertEquals(expected, RotaryTable.gridIndex(i, tokens, reference));
  }

  /** The product is taken in float32: its exact value decides, not that of the fraction. */
  @Test
  void productIsFloat32() {
    for (int reference = 1; reference <= 120; reference++) {
      for (int tokens = 1; tokens <= reference; tokens++) {
        float ratio = (float) ((double) reference / tokens);
        for (int i = 0; i < tokens; i++) {
          int expected =
              new BigDecimal(i * ratio).setScale(0, RoundingMode.HALF_EVEN).intValueExact();
          assertEquals(expected, RotaryTable.gridIndex(i, tokens, reference));
        }
      }
    }
  }

  @Test
  void firstHalfTurnsWithTheRowSecondWithTheColumn() {
    try (NDManager m = NDManager.newBaseManager("PyTorch")) {
      ScaleSchedule schedule = new ScaleSchedule(java.util.List.of(new TokenMap(2, 3)));
      NDArray table = RotaryTable.of(m, schedule, new TokenMap(2, 3), 8);
      assertEquals(new Shape(6, 4, 2), table.getShape());
      for (int token = 0; token < 6; token++) {
        int row = token / 3;
        int column = token % 3;
        double[] angles = {row, row * 0.01, column, column * 0.01};
        for (int pair = 0; pair < 4; pair++) {
          assertEquals(Math.cos(angles[pair]), table.getFloat(token, pair, 0), 1e-6);
          assertEquals(Math.sin(angles[pair]), table.getFloat(token, pair, 1), 1e-6);
        }
      }
    }
  }
}
