package io.scalekv.model.infinity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
        "0|64|4|128|8|256|32|1|depth|0",
        "2|66|4|128|8|256|32|1|heads|4",
        "2|60|0|128|8|256|32|1|heads|0",
        "2|24|4|128|8|256|32|1|head width|6",
        "2|64|4|0|8|256|32|1|ffnWidth|0",
        "2|64|4|128|0|256|32|1|codeBits|0",
        "2|64|4|128|8|200|32|1|textWidth|200",
        "2|64|4|128|8|384|32|1|width|64",
        "2|64|4|128|8|0|32|1|textWidth|0",
        "2|64|4|128|8|256|0|1|textMaxLength|0",
        "3|64|4|128|8|256|32|2|blockChunks|2"
      })
  void wrongNumbersAreRefused(
      int depth,
      int width,
      int heads,
      int ffn,
      int bits,
      int textWidth,
      int length,
      int chunks,
      String subject,
      int value) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new InfinityConfig(
                    depth, width, heads, ffn, bits, false, textWidth, length, chunks));
    assertTrue(e.getMessage().startsWith(subject + " must "), e.getMessage());
    assertTrue(e.getMessage().endsWith("got " + value), e.getMessage());
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
        "0|4|32|8|2|codeBits|0",
        "8|6|32|8|2|patch|6",
        "8|8|32|8|2|patch|8",
        "8|4|32|8|0|encoderBlocks|0",
        "8|4|30|8|2|normGroups|8",
        "8|4|32|0|2|normGroups|0"
      })
  void wrongTokenizerNumbersAreRefused(
      int bits, int patch, int base, int groups, int blocks, String subject, int value) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new VaeConfig(bits, patch, base, List.of(1, 2), blocks, 2, groups));
    assertTrue(e.getMessage().startsWith(subject + " must "), e.getMessage());
    assertTrue(e.getMessage().endsWith("got " + value), e.getMessage());
  }
}
