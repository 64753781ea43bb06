package io.scalekv.image;

import io.scalekv.io.Require;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Image file of another program: PNG, JPEG, WebP or BMP. The pixels are those of Pillow's {@code
 * convert("RGB")}, from which published numbers are made: alpha is dropped and hidden colours show,
 * 16-bit samples keep their high byte, palettes are applied, gamma, colour profiles and the
 * orientation of EXIF are not; CMYK becomes (255 − K)(255 − C)/255. One departure: 16-bit grey
 * keeps its high byte, too, where Pillow saturates.
 *
 * @param pixels the image
 * @param traits properties of the file that another reader may treat in another way
 */
public record ImageFile(RgbImage pixels, Set<Trait> traits) {
  /** Property of a file that readers disagree about. */
  public enum Trait {
    /** Some pixel is not opaque. */
    ALPHA("transparent pixels: alpha dropped (--alpha white composites)"),
    /** 16 bits a sample. */
    SIXTEEN_BITS("16 bits a sample: high byte taken"),
    /** EXIF orientation other than 1. */
    ORIENTATION("EXIF orientation: not applied (--exif apply turns)"),
    /** Four inks. */
    CMYK("CMYK: converted without a profile");

    private final String text;

    Trait(String text) {
      this.text = text;
    }

    /** Returns the property and its treatment, in one line. */
    public String text(Options options) {
      return this == ALPHA && options.alphaOnWhite()
          ? "transparent pixels: composited on white"
          : this == ORIENTATION && options.exifApplied() ? "EXIF orientation: applied" : text;
    }
  }

  /** Treatment of files whose pixels are open to interpretation. */
  public record Options(boolean alphaOnWhite, boolean exifApplied) {
    /** Alpha dropped, orientation ignored, as Pillow's {@code convert("RGB")} does. */
    public static final Options PILLOW = new Options(false, false);
  }

  /** Extensions of the formats, in lower case. */
  public static final List<String> EXTENSIONS = List.of("png", "jpg", "jpeg", "webp", "bmp");

  /** Most pixels that a byte of a PNG can stand for: deflate shrinks to 1/1032, a bit a pixel. */
  private static final long PIXELS_PER_BYTE = 8 * 1032;

  /** The same for other formats: a progressive JPEG of one colour has a third of it. */
  private static final long OTHERS = 1024;

  /** Pixels of a file of any length; a WebP of one colour takes no bits a pixel. */
  private static final long ALWAYS = 1 << 20;

  private static final int ORIENTATION_TAG = 0x0112;

  static {
    Headless.ensure();
  }

  public ImageFile {
    traits = traits.isEmpty() ? Set.of() : EnumSet.copyOf(traits);
  }

  /** Returns whether the name of a file has the extension of an image. */
  public static boolean isNamed(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  /** Reads a file as Pillow does. Errors as {@link #read(Path, Options)}. */
  public static ImageFile read(Path file) throws IOException {
    return read(file, Options.PILLOW);
  }

  /**
   * Reads a file; the first picture of an animation.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it holds no whole image of a known format
   */
  public static ImageFile read(Path file, Options options) throws IOException {
    return of(Files.readAllBytes(file), file, options);
  }

  /**
   * Decodes the bytes of a file, whose name is for messages.
   *
   * @throws IllegalArgumentException if they are no whole image of a known format
   */
  public static ImageFile of(byte[] bytes, Path file, Options options) {
    Optional<ImageFile> image;
    try {
      image = decode(bytes, options);
    } catch (IOException | RuntimeException | LinkageError e) {
      throw new IllegalArgumentException(
          file + " must be a readable image, got a broken one (" + e.getMessage() + ")", e);
    }
    return image.orElseThrow(
        () ->
            new IllegalArgumentException(
                "%s must be a PNG, JPEG, WebP or BMP image, got %d bytes of another format"
                    .formatted(file, bytes.length)));
  }

  /** Decodes the bytes of a file; empty for an unknown format. */
  private static Optional<ImageFile> decode(byte[] bytes, Options options) throws IOException {
    try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        return Optional.empty();
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, false, true);
        requirePlausible(reader.getWidth(0), reader.getHeight(0), bytes);
        boolean cmyk = ascii(bytes, 0, "\u00ff\u00d8") && jpegComponents(bytes) == 4;
        return Optional.of(cmyk ? inks(reader, bytes, options) : colours(reader, bytes, options));
      } finally {
        reader.dispose();
      }
    }
  }

  private static void requirePlausible(long width, long height, byte[] bytes) {
    long each = ascii(bytes, 1, "PNG") ? PIXELS_PER_BYTE : OTHERS;
    Require.that(
        width * height <= Math.max(ALWAYS, each * bytes.length),
        "%d x %d pixels in %d bytes",
        width,
        height,
        bytes.length);
  }

  private static ImageFile inks(ImageReader reader, byte[] bytes, Options options)
      throws IOException {
    Set<Trait> traits = EnumSet.of(Trait.CMYK);
    int adobe = adobeTransform(bytes);
    RgbImage pixels = Rasters.cmyk(reader.readRaster(0, null), adobe >= 0, adobe == 2);
    return new ImageFile(turned(pixels, exif(bytes), options, traits), traits);
  }

  private static ImageFile colours(ImageReader reader, byte[] bytes, Options options)
      throws IOException {
    BufferedImage buffered = reader.read(0);
    Set<Trait> traits = EnumSet.noneOf(Trait.class);
    ColorModel model = buffered.getColorModel();
    if (model.getComponentSize(0) > 8 && model.getNumComponents() == Rasters.bands(buffered)) {
      traits.add(Trait.SIXTEEN_BITS);
    }
    byte[] alpha = model.hasAlpha() ? Rasters.alpha(buffered) : null;
    RgbImage pixels = Rasters.rgb(buffered);
    if (alpha != null && !opaque(alpha)) {
      traits.add(Trait.ALPHA);
      pixels = options.alphaOnWhite() ? Rasters.onWhite(pixels, alpha) : pixels;
    }
    return new ImageFile(turned(pixels, exif(bytes), options, traits), traits);
  }

  private static RgbImage turned(
      RgbImage pixels, int orientation, Options options, Set<Trait> traits) {
    if (orientation == 1) {
      return pixels;
    }
    traits.add(Trait.ORIENTATION);
    return options.exifApplied() ? Rasters.turned(pixels, orientation) : pixels;
  }

  private static boolean opaque(byte[] alpha) {
    for (byte a : alpha) {
      if (a != -1) {
        return false;
      }
    }
    return true;
  }

  /** Returns the components of a JPEG's frame, 0 where there is none. */
  private static int jpegComponents(byte[] bytes) {
    int at = marker(bytes, m -> m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc);
    return at < 0 || at + 9 >= bytes.length ? 0 : bytes[at + 9] & 0xff;
  }

  /** Returns the colour transform of Adobe's marker, −1 where there is none. */
  private static int adobeTransform(byte[] bytes) {
    int at = marker(bytes, m -> m == 0xee);
    boolean adobe = at >= 0 && at + 15 < bytes.length && ascii(bytes, at + 4, "Adobe");
    return adobe ? bytes[at + 15] & 0xff : -1;
  }

  /** Returns the place of the first marker of a kind before the scan, −1 for none. */
  private static int marker(byte[] bytes, java.util.function.IntPredicate kind) {
    int at = 2;
    while (at + 3 < bytes.length && bytes[at] == -1) {
      int marker = bytes[at + 1] & 0xff;
      if (marker == 0xff) { // fill byte
        at++;
        continue;
      }
      if (kind.test(marker)) {
        return at;
      }
      if (marker == 0xda) {
        return -1;
      }
      at += 2 + ((bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff);
    }
    return -1;
  }

  private static boolean ascii(byte[] bytes, int at, String text) {
    byte[] wanted = text.getBytes(StandardCharsets.ISO_8859_1);
    return at >= 0
        && at + wanted.length <= bytes.length
        && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length);
  }

  /** Returns the orientation of the file's EXIF block, 1 to 8; 1 where there is none. */
  private static int exif(byte[] bytes) {
    if (ascii(bytes, 0, "\u00ff\u00d8")) {
      int at = marker(bytes, m -> m == 0xe1);
      return ascii(bytes, at + 4, "Exif\0\0") ? tiff(bytes, at + 10, bytes.length) : 1;
    }
    int at = ascii(bytes, 8, "WEBP") ? chunk(bytes, "EXIF") : -1;
    at = ascii(bytes, 1, "PNG") ? chunk(bytes, "eXIf") : at;
    return at < 0
        ? 1
        : tiff(bytes, ascii(bytes, at, "Exif\0\0") ? at + 6 : at, at + length(bytes, at));
  }

  /** Returns where the content of a chunk of a PNG or WebP begins, −1 where there is none. */
  private static int chunk(byte[] bytes, String name) {
    boolean png = ascii(bytes, 1, "PNG");
    int at = png ? 16 : 20;
    while (at <= bytes.length) {
      int length = length(bytes, at);
      if (length < 0 || length > bytes.length - at) {
        return -1;
      }
      if (ascii(bytes, png ? at - 4 : at - 8, name)) {
        return at;
      }
      at += length + 8 + (png ? 4 : length % 2);
    }
    return -1;
  }

  /** Returns the length of a chunk whose content begins there. */
  private static int length(byte[] bytes, int at) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return ascii(bytes, 1, "PNG")
        ? buffer.getInt(at - 8)
        : buffer.order(ByteOrder.LITTLE_ENDIAN).getInt(at - 4);
  }

  /** Returns the orientation in the first directory of a TIFF block, 1 where there is none. */
  private static int tiff(byte[] bytes, int from, int to) {
    if (from + 8 > to || to > bytes.length) {
      return 1;
    }
    ByteBuffer block = ByteBuffer.wrap(bytes, from, to - from).slice();
    block.order(block.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int at = block.getInt(4);
    if (at < 0 || at > block.limit() - 2) {
      return 1;
    }
    int entries = block.getShort(at) & 0xffff;
    for (int e = at + 2; entries > 0 && e <= block.limit() - 12; e += 12, entries--) {
      if (block.getShort(e) == ORIENTATION_TAG) {
        int value = block.getShort(e + 8);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
    return 1;
  }
}
