package io.scalekv.image;

import io.scalekv.io.Require;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/**
 * JPEG in memory, by the encoder of the Java runtime: baseline, colour differences at half the
 * resolution, the tables of the standard (ITU-T T.81, annex K) scaled by the quality.
 */
public final class Jpeg {
  static {
    Headless.ensure();
  }

  private Jpeg() {}

  /**
   * Returns the bytes of a JPEG file of the image.
   *
   * @param quality 1 to 100; 100 loses least
   * @throws IllegalArgumentException if the quality is outside
   */
  public static byte[] encode(RgbImage image, int quality) {
    Require.that(
        quality >= 1 && quality <= 100, "jpeg quality must be between 1 and 100, got %s", quality);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
      ImageWriteParam param = writer.getDefaultWriteParam();
      param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      param.setCompressionQuality(quality / 100f);
      writer.setOutput(out);
      writer.write(null, new IIOImage(Png.toBuffered(image), null, null), param);
    } catch (IOException e) {
      throw new IllegalStateException("JPEG of " + image + " could not be encoded", e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /**
   * Returns the image in the bytes of a JPEG file.
   *
   * @throws IllegalArgumentException if they hold no image that ImageIO knows
   */
  public static RgbImage decode(byte[] bytes) {
    return ImageFile.of(bytes, Path.of("jpeg"), ImageFile.Options.PILLOW).pixels();
  }
}
