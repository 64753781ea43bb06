package io.scalekv.roles;

import io.scalekv.io.AtomicFile;
import io.scalekv.io.CanonicalJson;
import io.scalekv.io.FileKind;
import io.scalekv.io.Json;
import io.scalekv.io.JsonPlace;
import io.scalekv.io.TextFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.SortedMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code roles.json}: a {@link Calibration} as JSON. Layers count from 0, scales from 1 with their
 * map. Equal calibrations give equal bytes.
 */
public final class CalibrationFile {
  /** Version of the format. */
  public static final int VERSION = 3;

  private CalibrationFile() {}

  /** Writes a calibration, all or nothing. */
  public static void write(Calibration calibration, Path file) throws IOException {
    AtomicFile.write(file, text(calibration).getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the content of the file. */
  public static String text(Calibration calibration) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("schemaVersion", VERSION);
    tree.put("timestamp", calibration.timestamp().toString());
    tree.set("model", calibration.model().write());
    put(tree.putObject("source"), calibration.source());
    ObjectNode parts = tree.putObject("parts");
    CalibrationPart.ALL.forEach(part -> write(parts, part, calibration));
    put(tree.putObject("software"), calibration.software());
    return CanonicalJson.write(tree);
  }

  private static void put(ObjectNode tree, SortedMap<String, String> texts) {
    texts.forEach(tree::put);
  }

  private static <T> void write(ObjectNode parts, CalibrationPart<T> part, Calibration c) {
    c.find(part)
        .map(value -> Json.MAPPER.<JsonNode>valueToTree(part.write(value, c.model())))
        .ifPresent(tree -> parts.set(part.name(), tree));
  }

  /**
   * Reads a calibration.
   *
   * @throws IllegalArgumentException with one line naming the file, the place and the value
   */
  public static Calibration read(Path file) throws IOException {
    return parse(Json.text(file), file.toString());
  }

  /** Reads a calibration from text; {@code name} stands for the file in messages. */
  public static Calibration parse(String text, String name) {
    JsonPlace tree = JsonPlace.of(Json.parse(text, name), name);
    FileKind.ROLES.check(tree.node(), name);
    tree.at("schemaVersion").check(tree.at("schemaVersion").node().equals(version()), "" + VERSION);
    tree.only("schemaVersion", "timestamp", "model", "source", "parts", "software");
    JsonPlace time = tree.at("timestamp");
    CalibratedModel model = CalibratedModel.read(tree.at("model"));
    Calibration calibration =
        Calibration.empty(
            time.parse(CalibrationFile::instant),
            model,
            tree.at("source").texts(),
            tree.at("software").texts());
    JsonPlace parts = tree.at("parts");
    parts.only(CalibrationPart.ALL.stream().map(CalibrationPart::name).toArray(String[]::new));
    for (CalibrationPart<?> part : CalibrationPart.ALL) {
      Optional<JsonPlace> value = parts.find(part.name());
      if (value.isPresent()) {
        calibration = calibration.with(part.name(), part.read(value.get(), model));
      }
    }
    return calibration;
  }

  private static Object version() {
    return JsonNodeFactory.instance.numberNode(VERSION);
  }

  private static Instant instant(String text) {
    try {
      return Instant.parse(text);
    } catch (java.time.DateTimeException e) {
      throw new IllegalArgumentException(
          "time must be such as 2025-01-31T12:00:00Z, got " + text, e);
    }
  }

  /** Returns the calibration that comes with a model, if there is one. */
  public static Optional<Calibration> shipped(String model) {
    String resource = "calibrations/" + model + ".json";
    return TextFile.resource(CalibrationFile.class, resource).map(text -> parse(text, resource));
  }
}
