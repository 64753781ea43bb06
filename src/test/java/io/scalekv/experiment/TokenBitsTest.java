package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Token bits in memory and in files. */
final class TokenBitsTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void packedAndBack(long seed) {
    Random random = new Random(seed);
    int[] counts = random.ints(4, 1, 40).toArray();
    List<boolean[]> maps = new ArrayList<>();
    List<boolean[]> others = new ArrayList<>();
    double equal = 0;
    int all = 0;
    for (int n : counts) {
      boolean[] map = new boolean[n];
      boolean[] other = new boolean[n];
      for (int i = 0; i < n; i++) {
        map[i] = random.nextBoolean();
        other[i] = random.nextBoolean();
        equal += map[i] == other[i] ? 1 : 0;
        all++;
      }
      maps.add(map);
      others.add(other);
    }
    TokenBits bits = new TokenBits(maps);
    byte[] packed = bits.pack();
    assertEquals((all + 7) / 8, packed.length);
    TokenBits back = TokenBits.unpack(packed, counts, "f");
    for (int k = 0; k < counts.length; k++) {
      assertArrayEquals(maps.get(k), back.maps().get(k));
    }
    double[] shares = bits.agreement(new TokenBits(others));
    assertEquals(counts.length, shares.length);
    assertEquals(equal / all, bits.overall(shares), 1e-12);
    assertEquals(1, bits.overall(bits.agreement(back)));
    byte[] longer = new byte[packed.length + 1];
    assertThrows(IllegalArgumentException.class, () -> TokenBits.unpack(longer, counts, "f"));
    boolean[] none = {};
    assertThrows(IllegalArgumentException.class, () -> TokenBits.agreement(none, none));
    assertThrows(IllegalArgumentException.class, () -> TokenBits.agreement(none, maps.get(0)));
  }
}
