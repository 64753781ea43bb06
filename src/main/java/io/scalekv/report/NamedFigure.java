package io.scalekv.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Figure with the name of its files.
 *
 * @param name of its files
 * @param alt its content in words
 */
public record NamedFigure(String name, String alt, Figure figure) {
  /** Writes {@code NAME.png}, {@code NAME.svg} and {@code NAME.pdf} and returns the files. */
  public List<Path> write(Path folder) throws IOException {
    return figure.write(folder, name);
  }
}
