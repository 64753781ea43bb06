package io.scalekv.experiment.bench;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Structure;

/** The C library's heap, where native arrays lie, as glibc counts it. */
final class NativeHeap {
  /** The C structure mallinfo2 (glibc 2.33 and newer), in bytes; field names are glibc's. */
  @Structure.FieldOrder({
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost"
  })
  public static final class MallInfo extends Structure implements Structure.ByValue {
    /** Bytes taken from the system, mapped blocks not counted. */
    public long arena;

    /** Free blocks. */
    public long ordblks;

    /** Free small blocks. */
    public long smblks;

    /** Mapped blocks. */
    public long hblks;

    /** Bytes of mapped blocks. */
    public long hblkhd;

    /** Not used. */
    public long usmblks;

    /** Bytes of free small blocks. */
    public long fsmblks;

    /** Bytes in use. */
    public long uordblks;

    /** Bytes that are free. */
    public long fordblks;

    /** Bytes that could be given back. */
    public long keepcost;
  }

  private static final Function MALLINFO = find();

  private NativeHeap() {}

  private static Function find() {
    if (!System.getProperty("os.name").equals("Linux")) {
      return null;
    }
    try {
      return NativeLibrary.getInstance("c").getFunction("mallinfo2");
    } catch (UnsatisfiedLinkError e) {
      return null; // an older glibc, or another C library
    }
  }

  /**
   * Bytes in use, or null where the C library does not tell. Complete where MALLOC_ARENA_MAX is 1,
   * as the launcher sets it: glibc counts its first arena alone.
   */
  static Long usedBytes() {
    if (MALLINFO == null) {
      return null;
    }
    MallInfo info = (MallInfo) MALLINFO.invoke(MallInfo.class, new Object[0]);
    return info.uordblks + info.hblkhd;
  }
}
