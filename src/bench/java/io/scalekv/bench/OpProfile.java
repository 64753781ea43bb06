package io.scalekv.bench;

import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * How long native operations take, by libtorch's own profiler. What an operation calls counts for
 * itself: the seconds are those between its begin and end less those of the operations inside it,
 * so that all of them add up to the time spent in native code.
 */
public final class OpProfile {
  private static final double MICROS = 1e6;

  /**
   * One kind of operation.
   *
   * @param name such as {@code aten::addmm}, or a function of ours
   * @param calls how often
   * @param seconds without the operations inside it
   */
  public record Op(String name, long calls, double seconds) {}

  /** One call; microseconds. */
  private record Event(String name, long thread, double begin, double duration) {
    double end() {
      return begin + duration;
    }
  }

  private OpProfile() {}

  /**
   * Does the work under the profiler; longest first. The profiler itself costs some microseconds an
   * operation. One at a time in a process.
   */
  public static List<Op> of(Runnable work) throws IOException {
    Path trace = Files.createTempFile("scalekv-ops", ".json");
    try {
      JniUtils.startProfile(false, false, false);
      try {
        work.run();
      } finally {
        JniUtils.stopProfile(trace.toString());
      }
      try (InputStream in = Files.newInputStream(trace)) {
        return table(in);
      }
    } finally {
      Files.deleteIfExists(trace);
    }
  }

  /** Self times of calls that are nested by thread. */
  static List<Op> table(InputStream trace) throws IOException {
    List<Event> events = read(trace);
    events.sort(
        Comparator.comparingLong(Event::thread)
            .thenComparingDouble(Event::begin)
            .thenComparing(Comparator.comparingDouble(Event::duration).reversed()));
    Map<String, double[]> sums = new HashMap<>();
    Deque<Event> open = new ArrayDeque<>();
    for (Event e : events) {
      while (!open.isEmpty()
          && (open.peek().thread() != e.thread() || open.peek().end() <= e.begin())) {
        open.pop();
      }
      if (!open.isEmpty()) {
        sums.get(open.peek().name())[1] -= e.duration();
      }
      double[] own = sums.computeIfAbsent(e.name(), n -> new double[2]);
      own[0]++;
      own[1] += e.duration();
      open.push(e);
    }
    return sums.entrySet().stream()
        .map(s -> new Op(s.getKey(), Math.round(s.getValue()[0]), s.getValue()[1] / MICROS))
        .sorted(Comparator.comparingDouble(Op::seconds).reversed().thenComparing(Op::name))
        .toList();
  }

  /** The complete events (ph X) of a trace in Chrome's format. */
  private static List<Event> read(InputStream trace) throws IOException {
    List<Event> events = new ArrayList<>();
    try (JsonParser p = new JsonFactory().createParser(ObjectReadContext.empty(), trace)) {
      while (p.nextToken() != null) {
        if (p.currentToken() == JsonToken.START_OBJECT) {
          Event e = event(p);
          if (e != null) {
            events.add(e);
          }
        }
      }
    }
    return events;
  }

  private static Event event(JsonParser p) {
    String name = null;
    String phase = null;
    long thread = 0;
    double begin = 0;
    double duration = 0;
    while (p.nextToken() != JsonToken.END_OBJECT) {
      String key = p.currentName();
      p.nextToken();
      switch (key) {
        case "name" -> name = p.getString();
        case "ph" -> phase = p.getString();
        case "tid" -> thread = p.getValueAsLong();
        case "ts" -> begin = p.getValueAsDouble();
        case "dur" -> duration = p.getValueAsDouble();
        default -> p.skipChildren();
      }
    }
    return name != null && "X".equals(phase) ? new Event(name, thread, begin, duration) : null;
  }
}
