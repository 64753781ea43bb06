package io.scalekv.weights;

import static io.scalekv.weights.WeightsFileException.oneLine;
import static io.scalekv.weights.WeightsFileException.quote;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/** Reads small JSON documents of unknown origin: strict UTF-8, no duplicate keys, bounded depth. */
final class StrictJson {
  /** Largest JSON text in a weights file or beside it, in bytes; the format's own limit. */
  static final int LARGEST = 100_000_000;

  /** Longest key, in characters. */
  static final int LONGEST_NAME = 4_096;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxNameLength(LONGEST_NAME)
                  .maxNumberLength(32)
                  .maxStringLength(LARGEST)
                  .maxDocumentLength(LARGEST)
                  .build())
          .build();

  /** Consumes one document. */
  @FunctionalInterface
  interface Reader<T> {
    T read(JsonParser json);
  }

  private StrictJson() {}

  /** Reads a whole object; {@code what} names the text in messages. */
  static <T> T readObject(Path file, String what, byte[] text, Reader<T> reader) {
    var utf8 =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    var characters = new InputStreamReader(new ByteArrayInputStream(text), utf8);
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), characters)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw WeightsFileException.in(file, what, "a JSON object", describe(json));
      }
      T result = reader.read(json);
      if (json.nextToken() != null) {
        throw WeightsFileException.in(file, what, "one object", describe(json) + " after it");
      }
      return result;
    } catch (JacksonIOException e) {
      throw WeightsFileException.in(file, what, "UTF-8 text", "other bytes");
    } catch (JacksonException e) {
      throw WeightsFileException.in(file, what, "valid JSON", oneLine(e.getOriginalMessage()));
    }
  }

  /** The current token for a message. */
  static String describe(JsonParser json) {
    JsonToken token = json.currentToken();
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "the text " + quote(json.getString());
      default -> oneLine(String.valueOf(json.getString()));
    };
  }
}
