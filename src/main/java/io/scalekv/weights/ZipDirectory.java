package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.quote;

import io.scalekv.io.JsonStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Table of contents of a zip archive. The entries of {@code torch.save} are stored, not compressed,
 * so their bytes can be read in place; entries that another tool deflated are inflated whole.
 * Archives above 4 GiB (zip64) are read.
 *
 * <p>All of it is checked: each entry is inside the archive, no two share a byte, no name repeats
 * or leaves its folder.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">zip format</a>
 */
record ZipDirectory(Map<String, Entry> entries) {
  /**
   * File in the archive.
   *
   * @param name its name, folders separated by {@code /}
   * @param offset its first byte, counted from the start of the archive
   * @param size its bytes
   * @param stored its bytes in the archive
   * @param deflated whether they are compressed
   */
  record Entry(String name, long offset, long size, long stored, boolean deflated) {
    /** Returns all bytes, outside the Java heap. */
    ByteBuffer read(Path file, FileChannel channel) throws IOException {
      ByteBuffer target = ByteBuffer.allocateDirect(Math.toIntExact(size));
      if (!deflated) {
        Channels.readFully(file, channel, target, offset);
        return target.flip();
      }
      Inflater inflater = new Inflater(true);
      try {
        ByteBuffer part = ByteBuffer.allocate(PART);
        boolean more = true;
        for (long at = 0; at < stored && more; at += part.limit()) {
          part.clear().limit((int) Math.min(PART, stored - at));
          Channels.readFully(file, channel, part, offset + at);
          inflater.setInput(part.flip());
          while (more && inflater.inflate(target) > 0) {
            more = target.hasRemaining();
          }
        }
        boolean whole = !target.hasRemaining() && inflater.inflate(new byte[1]) == 0;
        WeightsFileException.require(
            whole, file, "bytes of entry " + quote(name), size, whole ? size : "another number");
        return target.flip();
      } catch (DataFormatException e) {
        throw WeightsFileException.in(file, "entry " + quote(name), "deflated", "damaged bytes");
      } finally {
        inflater.end();
      }
    }
  }

  private static final int END = 0x06054b50;
  private static final int END_BYTES = 22;
  private static final int END64 = 0x06064b50;
  private static final int END64_BYTES = 56;
  private static final int LOCATOR64 = 0x07064b50;
  private static final int LOCATOR64_BYTES = 20;
  private static final int FILE = 0x02014b50;
  private static final int FILE_BYTES = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_BYTES = 30;
  private static final int LONGEST_COMMENT = 0xffff;
  private static final long NO_32 = 0xffffffffL;
  private static final int ENCRYPTED = 1;
  private static final int EXTRA_64 = 1;
  private static final int LARGEST = 1 << 24;
  private static final int PART = 1 << 16;
  private static final int DEFLATED = 8;
  private static final int STRONGEST_DEFLATION = 1032;

  /** Place of the directory. */
  private record Place(long offset, long size, long entries) {}

  /**
   * Reads the table of contents.
   *
   * @throws WeightsFileException if the archive is malformed
   */
  static ZipDirectory read(Path file, FileChannel channel) throws IOException {
    return new Reading(file, channel, channel.size()).read();
  }

  /** Returns whether a file begins like a zip archive. */
  static boolean starts(byte[] head) {
    return head.length >= 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
  }

  private record Reading(Path file, FileChannel channel, long length) {
    ZipDirectory read() throws IOException {
      Place place = place();
      List<Entry> listed = listed(place);
      listed.sort(Comparator.comparingLong(Entry::offset));
      Map<String, Entry> entries = new LinkedHashMap<>();
      long end = 0;
      for (Entry e : listed) {
        String what = "entry " + quote(e.name());
        require(e.offset() >= end, "first byte of " + what, "at least " + end, e.offset());
        long data = dataOffset(e, what, place.offset());
        end = data + e.stored();
        require(end <= place.offset(), "end of " + what, "at most byte " + place.offset(), end);
        Entry entry = new Entry(e.name(), data, e.size(), e.stored(), e.deflated());
        Entry before = entries.put(e.name(), entry);
        require(before == null, what, "unique", "it twice");
      }
      return new ZipDirectory(Collections.unmodifiableMap(entries));
    }

    private Place place() throws IOException {
      int tailLength = (int) Math.min(length, LONGEST_COMMENT + END_BYTES);
      long tailStart = length - tailLength;
      ByteBuffer tail = bytes(tailStart, tailLength);
      for (int at = tailLength - END_BYTES; at >= 0; at--) {
        boolean found = tail.getInt(at) == END && u16(tail, at + 20) == tailLength - END_BYTES - at;
        if (found) {
          return place(tail.slice(at, END_BYTES).order(ByteOrder.LITTLE_ENDIAN), tailStart + at);
        }
      }
      throw WeightsFileException.in(
          file, "missing end record of a zip archive: the file is cut short or no archive");
    }

    private Place place(ByteBuffer end, long endAt) throws IOException {
      Place place = new Place(u32(end, 16), u32(end, 12), u16(end, 10));
      boolean oneDisk = u16(end, 4) == u16(end, 6) && u16(end, 8) == u16(end, 10);
      long directoryEnd = endAt;
      if (endAt >= LOCATOR64_BYTES) {
        ByteBuffer locator = bytes(endAt - LOCATOR64_BYTES, LOCATOR64_BYTES);
        if (locator.getInt(0) == LOCATOR64) {
          long at = locator.getLong(8);
          atMost(endAt - LOCATOR64_BYTES - END64_BYTES, "place of the zip64 end record", at);
          ByteBuffer end64 = bytes(at, END64_BYTES);
          require(
              end64.getInt(0) == END64, "zip64 end record", "at byte " + at, "another signature");
          place = new Place(end64.getLong(48), end64.getLong(40), end64.getLong(32));
          oneDisk = end64.getInt(16) == end64.getInt(20) && end64.getLong(24) == end64.getLong(32);
          directoryEnd = at;
        }
      }
      require(oneDisk, "zip archive", "whole", "a part of a split archive");
      atMost(LARGEST, "bytes of the directory", place.size());
      long offset = directoryEnd - place.size();
      require(place.offset() == offset, "place of the directory", offset, place.offset());
      atMost(place.size() / FILE_BYTES, "number of entries", place.entries());
      return place;
    }

    /** Returns the entries in the directory, whose offsets are those of their headers. */
    private List<Entry> listed(Place place) throws IOException {
      ByteBuffer b = bytes(place.offset(), (int) place.size());
      List<Entry> listed = new ArrayList<>();
      for (long i = 0; i < place.entries(); i++) {
        int at = b.position();
        boolean signed = b.remaining() >= FILE_BYTES && b.getInt(at) == FILE;
        require(signed, "directory entry " + i, "complete", "another signature");
        int nameLength = u16(b, at + 28);
        int extraLength = u16(b, at + 30);
        int commentLength = u16(b, at + 32);
        int bytes = FILE_BYTES + nameLength + extraLength + commentLength;
        atMost(b.remaining(), "bytes of directory entry " + i, bytes);
        byte[] rawName = new byte[nameLength];
        b.get(at + FILE_BYTES, rawName);
        String name = new String(rawName, StandardCharsets.UTF_8);
        ByteBuffer extra =
            b.slice(at + FILE_BYTES + nameLength, extraLength).order(ByteOrder.LITTLE_ENDIAN);
        listed.add(listed(name, b.slice(at, FILE_BYTES), extra));
        b.position(at + bytes);
      }
      require(!b.hasRemaining(), "bytes after the directory entries", 0, b.remaining());
      return listed;
    }

    private Entry listed(String name, ByteBuffer fields, ByteBuffer extra) {
      fields.order(ByteOrder.LITTLE_ENDIAN);
      String what = "entry " + quote(name);
      require(isPlain(name), "name of " + what, "inside the archive", "a path out of it");
      require((u16(fields, 8) & ENCRYPTED) == 0, what, "unencrypted", "encrypted bytes");
      int method = u16(fields, 10);
      boolean deflated = method == DEFLATED;
      require(method == 0 || deflated, what, "stored or deflated", "compression method " + method);
      long compressed = u32(fields, 20);
      long size = u32(fields, 24);
      long header = u32(fields, 42);
      while (extra.remaining() >= 4) {
        int id = extra.getShort() & 0xffff;
        int bytes = extra.getShort() & 0xffff;
        if (bytes > extra.remaining()) {
          break;
        }
        ByteBuffer field = extra.slice(extra.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
        extra.position(extra.position() + bytes);
        if (id == EXTRA_64) {
          size = size == NO_32 ? next64(field, what) : size;
          compressed = compressed == NO_32 ? next64(field, what) : compressed;
          header = header == NO_32 ? next64(field, what) : header;
        }
      }
      boolean same = deflated || size == compressed;
      require(same, "stored size of " + what, compressed, size);
      atMost(length, "bytes of " + what, compressed);
      long most = deflated ? STRONGEST_DEFLATION * (compressed + 1) : length;
      atMost(most, "bytes of " + what, size);
      atMost(length, "first byte of " + what, header);
      return new Entry(name, header, size, compressed, deflated);
    }

    private long next64(ByteBuffer field, String what) {
      require(field.remaining() >= 8, "zip64 field of " + what, "complete", "a short one");
      return field.getLong();
    }

    /** Returns the first byte after the header of an entry, which must have the same name. */
    private long dataOffset(Entry e, String what, long directory) throws IOException {
      byte[] expected = e.name().getBytes(StandardCharsets.UTF_8);
      atMost(directory - LOCAL_BYTES - expected.length, "first byte of " + what, e.offset());
      ByteBuffer local = bytes(e.offset(), LOCAL_BYTES + expected.length);
      byte[] name = new byte[expected.length];
      local.get(LOCAL_BYTES, name);
      boolean same =
          local.getInt(0) == LOCAL
              && u16(local, 26) == name.length
              && Arrays.equals(name, expected);
      require(same, "header at byte " + e.offset() + " of " + what, "of the same name", "another");
      return e.offset() + LOCAL_BYTES + name.length + u16(local, 28);
    }

    private ByteBuffer bytes(long at, int count) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
      Channels.readFully(file, channel, buffer, at);
      return buffer.flip();
    }

    private void atMost(long most, String subject, long value) {
      WeightsFileException.atMost(most, file, subject, value);
    }

    private void require(boolean holds, String subject, Object condition, Object got) {
      WeightsFileException.require(holds, file, subject, condition, got);
    }
  }

  private static boolean isPlain(String name) {
    if (name.isEmpty() || name.length() > JsonStream.LONGEST_NAME || name.startsWith("/")) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '\\' || c == ':' || c == '\ufffd' || Character.isISOControl(c)) {
        return false;
      }
    }
    for (String part : name.split("/", -1)) {
      if (part.equals("..") || part.equals(".")) {
        return false;
      }
    }
    return true;
  }

  private static int u16(ByteBuffer b, int at) {
    return b.getShort(at) & 0xffff;
  }

  private static long u32(ByteBuffer b, int at) {
    return b.getInt(at) & NO_32;
  }
}
