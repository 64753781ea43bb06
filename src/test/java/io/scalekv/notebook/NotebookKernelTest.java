package io.scalekv.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import io.github.spencerpark.jupyter.kernel.display.common.Image;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel without Jupyter: cells in, values out. */
final class NotebookKernelTest {
  private final NotebookKernel kernel = new NotebookKernel();

  @Test
  void keepsNamesFromCellToCellAndGivesTheLastValue() throws Exception {
    assertNull(kernel.run("int a = 6;\nint times(int b) { return a * b; }"));
    assertEquals(42, kernel.run("a = 6;\ntimes(7)"));
    assertNull(kernel.run("a = 7;"));
    assertNull(kernel.run("System.getProperty(\"none\");\nint c = a;"));
  }

  @Test
  void showsAPictureAsPng() throws Exception {
    DisplayData shown =
        kernel.eval(
            "new java.awt.image.BufferedImage(3, 2, java.awt.image.BufferedImage.TYPE_INT_RGB)");
    byte[] png = Base64.getMimeDecoder().decode(shown.getData(Image.PNG).toString());
    assertEquals("PNG", new String(png, 1, 3, java.nio.charset.StandardCharsets.US_ASCII));
  }

  @Test
  void anErrorInACellIsAnError() throws Exception {
    assertSays("cannot find symbol", "nothing + 1");
    assertSays("java.lang.ArithmeticException", "int zero = 0;\n1 / zero");
    assertSays("definitely_incomplete", "for (;;) {");
    assertSays("%classpath expected, got %maven a:b:1", "%maven a:b:1");
    assertSays("nothing found at no-such-folder/*.jar", "%classpath no-such-folder/*.jar");
  }

  @Test
  void theMagicAddsFoldersAndWhatAGlobFinds(@TempDir Path folder) throws Exception {
    for (String name : List.of("One", "Two")) {
      Path source =
          Files.writeString(
              folder.resolve(name + ".java"),
              "package found; public class %s { public static int answer() { return 42; } }"
                  .formatted(name));
      Path classes = Files.createDirectory(folder.resolve(name.toLowerCase(Locale.ROOT)));
      JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
      assertEquals(0, javac.run(null, null, null, "-d", classes.toString(), source.toString()));
    }
    assertSays("does not exist", "found.One.answer()");
    assertNull(kernel.run("%classpath " + folder.resolve("one")));
    assertEquals(42, kernel.run("found.One.answer()"));
    assertNull(kernel.run("%classpath " + folder + "/tw*"));
    assertEquals(42, kernel.run("found.Two.answer()"));
  }

  private void assertSays(String expected, String cell) {
    Exception e = assertThrows(Exception.class, () -> kernel.run(cell));
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }
}
