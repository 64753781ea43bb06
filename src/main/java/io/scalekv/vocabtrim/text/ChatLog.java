package io.scalekv.vocabtrim.text;

import io.scalekv.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Line of a chat log in JSON: {@code messages} or {@code conversations} of objects with a role and
 * a content, one such object, or fields for question and answer ({@code prompt}, {@code response},
 * …) or {@code text}.
 *
 * @param texts of the wanted roles
 * @param language of the field {@code language} or {@code lang}, otherwise the script of most
 *     letters
 */
public record ChatLog(List<String> texts, String language) {
  /** Role of a model's answers. */
  public static final String ASSISTANT = "assistant";

  private static final Map<String, String> ROLES =
      Map.of(
          "gpt", ASSISTANT, "model", ASSISTANT, "bot", ASSISTANT, "chatgpt", ASSISTANT, "human",
          "user");
  private static final List<String> ANSWERS =
      List.of("response", "completion", "output", "answer", "generation", "text");
  private static final List<String> QUESTIONS = List.of("prompt", "instruction", "question");
  private static final int SAMPLE = 2000;

  /**
   * Reads a line.
   *
   * @param roles wanted: {@code assistant}, {@code user}, {@code system} and others of the log
   * @return null if the line is not a JSON object
   */
  static ChatLog of(String line, Set<String> roles) {
    JsonNode json;
    try {
      json = Json.MAPPER.readTree(line);
    } catch (JacksonException e) {
      return null;
    }
    if (!json.isObject()) {
      return null;
    }
    List<String> texts = new ArrayList<>();
    boolean conversation = false;
    for (String list : List.of("messages", "conversations", "conversation")) {
      if (json.path(list).isArray()) {
        conversation = true;
        json.path(list).forEach(m -> message(m, roles, texts));
      }
    }
    if (!conversation && (json.has("role") || json.has("from"))) {
      conversation = true;
      message(json, roles, texts);
    }
    if (!conversation) {
      fields(json, roles.contains(ASSISTANT) ? ANSWERS : List.of(), texts);
      fields(json, roles.contains("user") ? QUESTIONS : List.of(), texts);
    }
    String named = json.path("language").asString(json.path("lang").asString(""));
    return new ChatLog(texts, named.isEmpty() ? script(texts) : named);
  }

  private static void message(JsonNode message, Set<String> roles, List<String> texts) {
    String role = message.path("role").asString(message.path("from").asString(""));
    if (roles.contains(ROLES.getOrDefault(role, role))) {
      content(message.has("content") ? message.path("content") : message.path("value"), texts);
    }
  }

  private static void fields(JsonNode json, List<String> names, List<String> texts) {
    names.forEach(name -> content(json.path(name), texts));
  }

  private static void content(JsonNode content, List<String> texts) {
    if (content.isString()) {
      texts.add(content.stringValue());
    } else if (content.isArray()) {
      content.forEach(part -> content(part.isObject() ? part.path("text") : part, texts));
    }
  }

  /** Returns the script of most letters at the begin of some texts, such as LATIN. */
  static String script(List<String> texts) {
    int[] letters = new int[Character.UnicodeScript.values().length];
    int seen = 0;
    for (String text : texts) {
      int end = Math.min(text.length(), SAMPLE);
      for (int i = 0; i < end && seen < SAMPLE; i++) {
        if (Character.isLetter(text.charAt(i))) {
          letters[Character.UnicodeScript.of(text.charAt(i)).ordinal()]++;
          seen++;
        }
      }
    }
    int best = Character.UnicodeScript.COMMON.ordinal();
    for (int i = 0; i < letters.length; i++) {
      best = letters[i] > letters[best] ? i : best;
    }
    return Character.UnicodeScript.values()[best].name().toLowerCase(java.util.Locale.ROOT);
  }
}
