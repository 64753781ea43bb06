package io.scalekv.io;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Token stream of a JSON document of unknown origin: strict UTF-8, no repeated keys, bounded depth,
 * no tree in memory.
 */
public final class JsonStream {
  /** Largest text in bytes; the limit of a safetensors header. */
  public static final int LARGEST = 100_000_000;

  /** Longest key, in characters. */
  public static final int LONGEST_NAME = 4_096;

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

  /** Consumer of one document. */
  @FunctionalInterface
  public interface Reader<T> {
    /** Reads the rest of an object that has just begun. */
    T read(JsonParser json);
  }

  /** Maker of the exception for a text that is not a JSON object. */
  @FunctionalInterface
  public interface Refusal {
    /** Returns an exception that says what the text must be, and what it is. */
    RuntimeException of(String condition, String got);
  }

  private JsonStream() {}

  /** Reads a text that is one object. */
  public static <T> T readObject(byte[] text, Refusal refusal, Reader<T> reader) {
    var utf8 =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    var characters = new InputStreamReader(new ByteArrayInputStream(text), utf8);
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), characters)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw refusal.of("a JSON object", describe(json));
      }
      T result = reader.read(json);
      if (json.nextToken() != null) {
        throw refusal.of("one object", describe(json) + " after it");
      }
      return result;
    } catch (JacksonIOException e) {
      throw refusal.of("UTF-8 text", "other bytes");
    } catch (JacksonException e) {
      throw refusal.of("valid JSON", Json.oneLine(e.getOriginalMessage()));
    }
  }

  /** Returns the current token for a message. */
  public static String describe(JsonParser json) {
    JsonToken token = json.currentToken();
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "the text \"" + Json.oneLine(json.getString()) + '"';
      default -> Json.oneLine(String.valueOf(json.getString()));
    };
  }
}
