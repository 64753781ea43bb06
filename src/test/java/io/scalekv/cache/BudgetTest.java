package io.scalekv.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {
  private static final ScaleSchedule MEGAPIXEL =
      ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);
  private static final ScaleSchedule POCKET = ScaleSchedule.ofSides(1, 2, 4, 6, 8, 12, 16);
  private static final MemoryModel MODEL_2B =
      new Geometry(32, 16, 128).memory(CacheType.FP32, CacheType.BF16, 2, 8);

  private static int tokens(String budget, ScaleSchedule schedule) {
    return Budget.parse(budget)
        .tokens(schedule, MODEL_2B, b -> BudgetPlan.uniform(schedule, 32, b));
  }

  @ParameterizedTest
  @CsvSource({
    "10%, 643, 27",
    "20%, 1285, 53",
    "4%, 257, 11",
    "1%, 64, 3",
    "100%, 6425, 265",
    "0.5%, 32, 1",
    "12.5%, 803, 33",
    "peak-10%, 643, 27",
    "peak-12.5%, 803, 33",
    "paper-20, 1300, 54",
    "paper-10, 650, 27",
    "paper-4, 265, 11",
    "650t, 650, 265",
    "1t, 1, 1",
    "3900MiB, 650, 265",
    "3899.5mib, 649, 265",
    "1590 MiB, 265, 265",
    "38550MiB, 6425, 265",
    "99999MiB, 6425, 265",
    "4GB, 635, 265",
    "4GiB, 682, 265",
    "4194304KiB, 682, 265",
    "4194304 kB, 666, 265",
    "4294967296.5B, 682, 265"
  })
  void resolves(String text, int megapixel, int pocket) {
    assertEquals(megapixel, tokens(text, MEGAPIXEL), text);
    assertEquals(pocket, tokens(text, POCKET), text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10%", "12.5%", "650t", "paper-4", "3900MiB", "0.25MiB", "600kB", "1GiB", "12MB", "7B"
      })
  void printsWhatItReads(String text) {
    assertEquals(text, Budget.parse(text).toString());
    assertEquals(Budget.parse(text), Budget.parse(" " + text.toUpperCase() + " "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10",
        "%",
        "-5%",
        "0%",
        "100.1%",
        "0t",
        "6.5t",
        "paper-11",
        "paper-",
        "10%%",
        "1e3t",
        "99999999999t",
        "0MiB",
        "3900M",
        "NaN%",
        "٣%",
        "10 % x"
      })
  void refuses(String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Budget.parse(text));
    assertTrue(error.getMessage().startsWith("budget "), error.getMessage());
  }

  @Test
  void budgetsOfNothingAreRefused() {
    for (String text : new String[] {"0.1%", "5MiB"}) {
      ScaleSchedule schedule = text.endsWith("%") ? POCKET : MEGAPIXEL;
      Exception e = assertThrows(IllegalArgumentException.class, () -> tokens(text, schedule));
      assertTrue(e.getMessage().contains(text), e.getMessage());
    }
    assertThrows(IllegalStateException.class, () -> Budget.parse("5MiB").tokens(MEGAPIXEL));
    assertThrows(IllegalArgumentException.class, () -> Budget.parse(null));
  }
}
