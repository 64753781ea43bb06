package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.scalekv.model.vae.VaeConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InfinityConfigTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|64|4|128|8|256|32|1|depth of at least 1, got 0",
        "2|66|4|128|8|256|32|1|width that heads (4) divide, got 66",
        "2|60|0|128|8|256|32|1|width that heads (0) divide, got 60",
        "2|24|4|128|8|256|32|1|head width that 4 divides, got 6",
        "2|64|4|0|8|256|32|1|ffnWidth of at least 1, got 0",
        "2|64|4|128|0|256|32|1|codeBits of at least 1, got 0",
        "2|64|4|128|8|200|32|1|textWidth that 128 divides, got 200",
        "2|64|4|128|8|384|32|1|width that the pool's heads divide, got 64",
        "2|64|4|128|8|0|32|1|textWidth that 128 divides, got 0",
        "2|64|4|128|8|256|0|1|textMaxLength of at least 1, got 0",
        "3|64|4|128|8|256|32|2|depth % blockChunks = 0, got 3"
      })
  void wrongNumbersAreTold(
      int depth,
      int width,
      int heads,
      int ffn,
      int bits,
      int textWidth,
      int length,
      int chunks,
      String message) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new InfinityConfig(
                    depth, width, heads, ffn, bits, false, textWidth, length, chunks));
    assertEquals("infinity config: expected " + message, e.getMessage());
  }

  @Test
  void derivedNumbers() {
    InfinityConfig c = StateDictTest.INFINITY_8B;
    assertEquals(128, c.headWidth());
    assertEquals(56, c.tokenBits());
    assertEquals(16, c.poolHeads());
    assertEquals("block_chunks.7.module.4", c.blockName(39));
    assertEquals(8192, InfinityConfig.ffnWidth(2048, 4));
    assertEquals(14336, InfinityConfig.ffnWidth(3584, 4));
    assertEquals("blocks.1", new InfinityConfig(2, 8, 2, 8, 1, false, 128, 1, 1).blockName(1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|4|32|8|2|codeBits of at least 1, got 0",
        "8|6|32|8|2|patch that is a power of two, got 6",
        "8|8|32|8|2|no more halvings than levels (2), got 8",
        "8|4|32|8|0|at least one block a level, got 0",
        "8|4|30|8|2|baseWidth % normGroups = 0, got 30",
        "8|4|32|0|2|baseWidth % normGroups = 0, got 32"
      })
  void wrongTokenizerNumbersAreTold(
      int bits, int patch, int base, int groups, int blocks, String message) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new VaeConfig(bits, patch, base, List.of(1, 2), blocks, 2, groups));
    assertEquals("vae config: expected " + message, e.getMessage());
  }
}
