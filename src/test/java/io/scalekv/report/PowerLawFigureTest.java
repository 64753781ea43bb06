package io.scalekv.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.bench.PowerLaw;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels of a figure of growth. */
final class PowerLawFigureTest {
  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "10, 1024",
    "13.5, 11585",
    "3.5, 11.3",
    "-2, 0.25",
    "-6.5, 0.011",
    "6.5, 90.5"
  })
  void ticksAreNumbers(double exponent, String label) {
    assertEquals(label, PowerLawFigure.powerOfTwo(exponent));
  }

  @Test
  void theExponentAndItsIntervalStandInTheLegend() {
    double[] x = {2, 4, 8, 12};
    double[] y = {0.5, 1.1, 1.9, 3.1};
    PowerLawFigure.Series s = new PowerLawFigure.Series("full", x, y, PowerLaw.fit(x, y));
    assertTrue(
        PowerLawFigure.legend(s).matches("full: x\\^\\d\\.\\d\\d \\[0\\.\\d\\d, 1\\.\\d\\d]"));
  }
}
