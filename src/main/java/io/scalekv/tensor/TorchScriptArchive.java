package io.scalekv.tensor;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Archive of TorchScript source in the form that the engine loads: a stored zip. */
public final class TorchScriptArchive {
  private TorchScriptArchive() {}

  /**
   * Returns the bytes of an archive whose module is the class {@code M} of the source.
   *
   * @param source TorchScript as the serialiser writes it: every operation in its functional form
   *     ({@code torch.add(x, y)}); the class {@code M(Module)} declares no parameters or buffers
   *     and the one attribute {@code training : bool}
   */
  public static byte[] of(String source) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      store(zip, "m/data.pkl", pickledModule());
      store(zip, "m/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      store(zip, "m/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      store(zip, "m/version", "10\n".getBytes(StandardCharsets.US_ASCII));
      store(zip, "m/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Returns the pickle that instantiates {@code __torch__.M} with its one attribute, {@code
   * training}.
   */
  private static byte[] pickledModule() throws IOException {
    ByteArrayOutputStream p = new ByteArrayOutputStream();
    p.write(new byte[] {(byte) 0x80, 2, 'c'});
    p.write("__torch__\nM\n".getBytes(StandardCharsets.US_ASCII));
    p.write(new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
    p.write("training".getBytes(StandardCharsets.US_ASCII));
    p.write(new byte[] {(byte) 0x88, 'u', 'b', '.'});
    return p.toByteArray();
  }

  /** Adds an entry without compression. */
  public static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setSize(content.length);
    entry.setCompressedSize(content.length);
    entry.setCrc(crc.getValue());
    entry.setTime(0);
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
