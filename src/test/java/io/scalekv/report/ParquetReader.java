package io.scalekv.report;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;

/** Reader of flat Parquet files with one gzip page of PLAIN values per column and row group. */
final class ParquetReader {
  private final byte[] file;

  ParquetReader(Path file) throws IOException {
    this.file = Files.readAllBytes(file);
  }

  FileMetaData footer() throws IOException {
    assertMagic(0);
    assertMagic(file.length - 4);
    int length = little(file, file.length - 8).getInt();
    return Util.readFileMetaData(new ByteArrayInputStream(file, file.length - 8 - length, length));
  }

  private void assertMagic(int at) {
    String magic = new String(file, at, 4, StandardCharsets.US_ASCII);
    if (!magic.equals("PAR1")) {
      throw new AssertionError("PAR1 at " + at + ", got " + magic);
    }
  }

  /** Returns the values of every column. */
  Map<String, List<Object>> columns() throws IOException {
    Map<String, List<Object>> columns = new LinkedHashMap<>();
    for (RowGroup group : footer().getRow_groups()) {
      for (ColumnChunk chunk : group.getColumns()) {
        ColumnMetaData c = chunk.getMeta_data();
        columns
            .computeIfAbsent(c.getPath_in_schema().get(0), n -> new ArrayList<>())
            .addAll(values(c, (int) group.getNum_rows()));
      }
    }
    return columns;
  }

  private List<Object> values(ColumnMetaData c, int rows) throws IOException {
    int from = (int) c.getData_page_offset();
    ByteArrayInputStream in =
        new ByteArrayInputStream(file, from, (int) c.getTotal_compressed_size());
    PageHeader header = Util.readPageHeader(in);
    byte[] page = new GZIPInputStream(in).readAllBytes();
    if (page.length != header.getUncompressed_page_size()
        || rows != header.getData_page_header().getNum_values()) {
      throw new AssertionError(header.toString());
    }
    ByteBuffer bytes = little(page, 0);
    boolean[] defined = new boolean[rows];
    int end = 4 + bytes.getInt();
    for (int row = 0; bytes.position() < end; ) {
      int run = 0;
      int part;
      int shift = 0;
      do {
        part = bytes.get();
        run |= (part & 127) << shift;
        shift += 7;
      } while ((part & 128) != 0);
      boolean level = bytes.get() == 1;
      Arrays.fill(defined, row, row + (run >> 1), level);
      row += run >> 1;
    }
    List<Object> values = new ArrayList<>();
    int seen = 0;
    for (boolean d : defined) {
      values.add(d ? value(c, bytes, seen++) : null);
    }
    return values;
  }

  private static Object value(ColumnMetaData c, ByteBuffer bytes, int at) {
    return switch (c.getType()) {
      case INT64 -> bytes.getLong();
      case DOUBLE -> bytes.getDouble();
      case BOOLEAN -> (bytes.get(bytes.position() + at / 8) >> at % 8 & 1) == 1;
      default -> {
        byte[] text = new byte[bytes.getInt()];
        bytes.get(text);
        yield new String(text, StandardCharsets.UTF_8);
      }
    };
  }

  static ByteBuffer little(byte[] bytes, int from) {
    return ByteBuffer.wrap(bytes, from, bytes.length - from).order(ByteOrder.LITTLE_ENDIAN);
  }
}
