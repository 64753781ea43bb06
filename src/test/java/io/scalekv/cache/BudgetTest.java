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
  private static final MemoryModel MODEL_2B = MemoryModel.infinity(32, 2048, 8);

  @ParameterizedTest
  @CsvSource({
    "10%, 643, 27", "20%, 1285, 53", "4%, 257, 11", "1%, 64, 3", "100%, 6425, 265",
    "0.5%, 32, 1", "12.5%, 803, 33", "paper-20, 1300, 54", "paper-10, 650, 27", "paper-4, 265, 11",
    "650t, 650, 265", "1t, 1, 1", "3900MiB, 650, 265", "3899.5mib, 649, 265", "1590 MiB, 265, 265",
    "38550MiB, 6425, 265", "99999MiB, 6425, 265"
  })
  void resolves(String text, int megapixel, int pocket) {
    assertEquals(megapixel, Budget.parse(text).tokens(MEGAPIXEL, MODEL_2B), text);
    assertEquals(pocket, Budget.parse(text).tokens(POCKET, MODEL_2B), text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10%", "12.5%", "650t", "paper-4", "3900MiB", "0.25MiB"})
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
        "3900MB",
        "NaN%",
        "٣%",
        "10 % x"
      })
  void refuses(String text) {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> Budget.parse(text));
    assertTrue(error.getMessage().startsWith("budget: "), error.getMessage());
    assertTrue(error.getMessage().contains("expected, got "), error.getMessage());
  }

  @Test
  void aBudgetOfNothingIsRefused() {
    assertEquals(
        "budget 0.1%: at least 1 of 265 tokens expected, got 0",
        assertThrows(IllegalArgumentException.class, () -> Budget.parse("0.1%").tokens(POCKET))
            .getMessage());
    assertEquals(
        "budget 5MiB: at least 1 of 6425 tokens expected, got 0",
        assertThrows(
                IllegalArgumentException.class,
                () -> Budget.parse("5MiB").tokens(MEGAPIXEL, MODEL_2B))
            .getMessage());
    assertEquals(
        "budget 5MiB: the model's width, dtypes and batch expected, got none",
        assertThrows(IllegalArgumentException.class, () -> Budget.parse("5MiB").tokens(MEGAPIXEL))
            .getMessage());
    assertThrows(IllegalArgumentException.class, () -> Budget.parse(null));
  }
}
