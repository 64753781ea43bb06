package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Assertions on the message of an error: the place and the offending value, not the prose. */
public final class Messages {
  private Messages() {}

  /**
   * Checks that a message is one line with all given parts in their order.
   *
   * @param parts separated by {@code " … "}
   */
  public static void assertNames(String parts, Throwable error) {
    String message = error.getMessage();
    assertEquals(1, message.lines().count(), message);
    int at = 0;
    for (String part : parts.split(" … ")) {
      int found = message.indexOf(part, at);
      assertTrue(found >= 0, () -> "'" + part + "' must be in: " + message);
      at = found + part.length();
    }
  }
}
