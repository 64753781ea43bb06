package io.scalekv.tensor;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Structure;

/** Heap of the C library, which holds native arrays, as glibc counts it. */
public final class NativeHeap {
  /** C structure mallinfo2 (glibc 2.33 and newer), in bytes; field names are glibc's. */
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

  private static final Function MALLINFO = find("mallinfo2");
  private static final Function TRIM = find("malloc_trim");

  private NativeHeap() {}

  private static Function find(String name) {
    if (!System.getProperty("os.name").equals("Linux")) {
      return null;
    }
    try {
      return NativeLibrary.getInstance("c").getFunction(name);
    } catch (UnsatisfiedLinkError e) {
      return null; // an older glibc, or another C library
    }
  }

  /**
   * Returns the bytes in use, or null where the C library has no such function. Complete only with
   * MALLOC_ARENA_MAX=1, which the launcher sets: glibc counts its first arena alone.
   */
  public static Long usedBytes() {
    MallInfo info = info();
    return info == null ? null : info.uordblks + info.hblkhd;
  }

  /** Returns the free bytes between blocks, or null. */
  static Long freeBytes() {
    MallInfo info = info();
    return info == null ? null : info.fordblks;
  }

  /**
   * Returns the pages of free memory to the system, also those between blocks in use, if at least
   * {@code least} bytes are free and the C library can. Later use of the memory costs page faults.
   *
   * @param least bytes
   * @return whether the C library was called
   */
  public static boolean giveBack(long least) {
    Long free = freeBytes();
    if (free == null || TRIM == null || free < least) {
      return false;
    }
    TRIM.invokeInt(new Object[] {new NativeLong(0)});
    return true;
  }

  private static MallInfo info() {
    return MALLINFO == null ? null : (MallInfo) MALLINFO.invoke(MallInfo.class, new Object[0]);
  }
}
