package io.scalekv.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.cache.ScaleSchedule;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionMapTapTest {
  private static final ProfileGeometry GEOMETRY =
      new ProfileGeometry(3, 2, ScaleSchedule.ofSides(1, 2, 5));
  private static final FakeAttention MODEL = new FakeAttention(GEOMETRY, 0.35, 1.5);

  /** Each cell against the full matrix in double; 25 queries and 30 keys. */
  @ParameterizedTest
  @CsvSource({"512, 1024", "25, 30", "7, 30", "25, 11", "4, 9", "1, 1"})
  void agreesWithTheFullMatrix(int mostRows, int mostColumns) {
    AttentionMapTap tap = new AttentionMapTap(GEOMETRY, 2, List.of(2, 0), mostRows, mostColumns);
    MODEL.generate(tap, true, 3);
    List<AttentionMap> maps = tap.maps();
    assertEquals(List.of(2, 0), maps.stream().map(AttentionMap::layer).toList());
    for (AttentionMap map : maps) {
      double[][] full = full(map.layer());
      int rows = Math.min(25, mostRows);
      int columns = Math.min(30, mostColumns);
      assertEquals(rows, map.cells().length);
      for (int r = 0; r < rows; r++) {
        assertEquals(columns, map.cells()[r].length);
        assertEquals(1, Arrays.stream(map.cells()[r]).sum(), 1e-5);
        for (int c = 0; c < columns; c++) {
          double sum = 0;
          int n = 0;
          for (int i = 0; i < 25; i++) {
            if (i * rows / 25 == r) {
              n++;
              for (int j = 0; j < 30; j++) {
                sum += j * columns / 30 == c ? full[i][j] : 0;
              }
            }
          }
          assertEquals(sum / n, map.cells()[r][c], 1e-5);
        }
      }
    }
    assertEquals(5, maps.get(0).history());
  }

  private static double[][] full(int layer) {
    return new NaiveProfile(
            GEOMETRY.schedule(),
            2,
            ProfileOptions.defaults(),
            new int[] {0},
            MODEL.query(3, true, layer, 2),
            MODEL.key(3, true, layer, 2),
            0.35)
        .p[2];
  }

  @Test
  void saysWhatIsMissing() {
    AttentionMapTap tap = AttentionMapTap.of(GEOMETRY, 2, List.of(1));
    MODEL.attend(tap, true, 0, 2, 3);
    Exception e = assertThrows(IllegalStateException.class, tap::maps);
    assertTrue(e.getMessage().contains("missing layer 1 scale 3"), e.getMessage());
  }
}
