package io.scalekv.report;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.Software;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.ColumnOrder;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Statistics;
import org.apache.parquet.format.StringType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.TypeDefinedOrder;
import org.apache.parquet.format.Util;

/**
 * Writer of Apache Parquet files: flat optional columns, one gzip page of PLAIN values per column
 * and row group, with least and greatest value and the number of nulls of each (parquet-format
 * 2.9).
 */
final class ParquetFile {
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  /** Rows of a row group; 64 Ki rows of long prompts are some 30 MB in memory. */
  static final int GROUP = 1 << 16;

  private final FileChannel channel;

  private ParquetFile(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @return number of rows
   */
  static long write(Path file, List<TidyRow.Column> columns, Iterator<TidyRow> rows)
      throws IOException {
    long[] written = new long[1];
    AtomicFile.write(file, c -> written[0] = new ParquetFile(c).write(columns, rows));
    return written[0];
  }

  private long write(List<TidyRow.Column> columns, Iterator<TidyRow> rows) throws IOException {
    put(MAGIC);
    List<RowGroup> groups = new ArrayList<>();
    long count = 0;
    while (rows.hasNext()) {
      List<TidyRow> some = new ArrayList<>();
      while (rows.hasNext() && some.size() < GROUP) {
        some.add(rows.next());
      }
      RowGroup group = new RowGroup(new ArrayList<>(), 0, some.size());
      for (TidyRow.Column column : columns) {
        ColumnMetaData chunk = chunk(column, some.stream().map(column.value()).toArray());
        group.addToColumns(new ColumnChunk(chunk.getData_page_offset()).setMeta_data(chunk));
        group.setTotal_byte_size(group.getTotal_byte_size() + chunk.getTotal_uncompressed_size());
      }
      groups.add(group);
      count += some.size();
    }
    List<SchemaElement> schema = new ArrayList<>();
    schema.add(new SchemaElement("rows").setNum_children(columns.size()));
    columns.forEach(c -> schema.add(element(c)));
    ByteArrayOutputStream footer = new ByteArrayOutputStream();
    Util.writeFileMetaData(
        new FileMetaData(1, schema, count, groups)
            .setCreated_by("scalekv-lab version " + Software.current().scalekv())
            .setColumn_orders(
                columns.stream().map(c -> ColumnOrder.TYPE_ORDER(new TypeDefinedOrder())).toList()),
        footer);
    put(footer.toByteArray());
    put(little(4).putInt(footer.size()).array());
    put(MAGIC);
    return count;
  }

  private static SchemaElement element(TidyRow.Column column) {
    SchemaElement e =
        new SchemaElement(column.name())
            .setType(type(column))
            .setRepetition_type(FieldRepetitionType.OPTIONAL);
    return column.type() == TidyRow.Type.TEXT
        ? e.setConverted_type(ConvertedType.UTF8)
            .setLogicalType(LogicalType.STRING(new StringType()))
        : e;
  }

  private static Type type(TidyRow.Column column) {
    return switch (column.type()) {
      case TEXT -> Type.BYTE_ARRAY;
      case WHOLE -> Type.INT64;
      case NUMBER -> Type.DOUBLE;
      case FLAG -> Type.BOOLEAN;
    };
  }

  /** Writes the page of a column of a row group. */
  private ColumnMetaData chunk(TidyRow.Column column, Object[] values) throws IOException {
    Object[] defined = Arrays.stream(values).filter(Objects::nonNull).toArray();
    ByteArrayOutputStream page = new ByteArrayOutputStream();
    byte[] levels = levels(values);
    page.writeBytes(little(4).putInt(levels.length).array());
    page.writeBytes(levels);
    plain(column.type(), defined, page);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(packed)) {
      page.writeTo(gzip);
    }
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    Util.writePageHeader(
        new PageHeader(PageType.DATA_PAGE, page.size(), packed.size())
            .setData_page_header(
                new DataPageHeader(values.length, Encoding.PLAIN, Encoding.RLE, Encoding.RLE)),
        header);
    long at = channel.position();
    put(header.toByteArray());
    put(packed.toByteArray());
    return new ColumnMetaData(
            type(column),
            List.of(Encoding.PLAIN, Encoding.RLE),
            List.of(column.name()),
            CompressionCodec.GZIP,
            values.length,
            header.size() + page.size(),
            header.size() + packed.size(),
            at)
        .setStatistics(statistics(column.type(), defined, values.length - defined.length));
  }

  /** Returns definition levels (1 for a value, 0 for a null) as runs of the RLE hybrid. */
  private static byte[] levels(Object[] values) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int from = 0, to; from < values.length; from = to) {
      boolean isNull = values[from] == null;
      to = from;
      while (to < values.length && (values[to] == null) == isNull) {
        to++;
      }
      int run = to - from << 1;
      for (; run > 127; run >>>= 7) {
        bytes.write(run & 127 | 128);
      }
      bytes.write(run);
      bytes.write(isNull ? 0 : 1);
    }
    return bytes.toByteArray();
  }

  private static void plain(TidyRow.Type type, Object[] values, ByteArrayOutputStream page) {
    if (type == TidyRow.Type.FLAG) { // eight to a byte, the first in the lowest bit
      byte[] bits = new byte[(values.length + 7) / 8];
      for (int i = 0; i < values.length; i++) {
        bits[i / 8] |= (byte) ((Boolean) values[i] ? 1 << i % 8 : 0);
      }
      page.writeBytes(bits);
      return;
    }
    for (Object value : values) {
      byte[] bytes = bytes(value);
      if (type == TidyRow.Type.TEXT) {
        page.writeBytes(little(4).putInt(bytes.length).array());
      }
      page.writeBytes(bytes);
    }
  }

  /** Returns the PLAIN bytes of a value, a text without its length. */
  private static byte[] bytes(Object value) {
    if (value instanceof String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    return value instanceof Long whole
        ? little(8).putLong(whole).array()
        : value instanceof Double number
            ? little(8).putDouble(number).array()
            : new byte[] {(byte) ((Boolean) value ? 1 : 0)};
  }

  /** Returns nulls and the ends of the values; texts in the order of their unsigned bytes. */
  private static Statistics statistics(TidyRow.Type type, Object[] values, int nulls) {
    Statistics statistics = new Statistics().setNull_count(nulls);
    if (values.length == 0) {
      return statistics;
    }
    Comparator<Object> order =
        (a, b) ->
            switch (type) {
              case TEXT -> Arrays.compareUnsigned(bytes(a), bytes(b));
              case WHOLE -> Long.compare((Long) a, (Long) b);
              case NUMBER -> Double.compare((Double) a, (Double) b);
              case FLAG -> Boolean.compare((Boolean) a, (Boolean) b);
            };
    Object[] distinct = Arrays.stream(values).distinct().toArray();
    Object least = Arrays.stream(distinct).min(order).orElseThrow();
    Object most = Arrays.stream(distinct).max(order).orElseThrow();
    // a reader may not tell the zeros apart: the least is −0, the greatest +0
    return statistics
        .setMin_value(bytes(least.equals(0.0) ? (Object) (-0.0) : least))
        .setMax_value(bytes(most.equals(-0.0) ? (Object) 0.0 : most));
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void put(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
