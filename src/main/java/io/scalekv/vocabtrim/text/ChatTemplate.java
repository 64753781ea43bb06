package io.scalekv.vocabtrim.text;

import io.scalekv.io.Json;
import io.scalekv.io.Require;
import io.scalekv.weights.GgufFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Chat template of a model. Templates are programs (Jinja); like llama.cpp's own renderer this one
 * runs none: it recognises the format by its markers and takes over the default system message.
 *
 * @param system message put before a conversation that has none; null for none
 */
public record ChatTemplate(Format format, String system) {
  /** Format of messages. */
  public enum Format {
    /** Messages between {@code <|im_start|>} and {@code <|im_end|>}. */
    CHATML("<|im_start|>", "<|im_start|>%s\n%s<|im_end|>\n", "<|im_start|>assistant\n", ""),
    /** Messages of Llama 3, ended by {@code <|eot_id|>}. */
    LLAMA3(
        "<|start_header_id|>",
        "<|start_header_id|>%s<|end_header_id|>\n\n%s<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|begin_of_text|>");

    private final String marker;
    private final String message;
    private final String answer;
    private final String begin;

    Format(String marker, String message, String answer, String begin) {
      this.marker = marker;
      this.message = message;
      this.answer = answer;
      this.begin = begin;
    }
  }

  /**
   * Message of a conversation.
   *
   * @param role {@code system}, {@code user} or {@code assistant}
   */
  public record Message(String role, String content) {}

  private static final Pattern SYSTEM =
      Pattern.compile("<\\|im_start\\|>system(?:\\\\n|\n)(.*?)<\\|im_end\\|>", Pattern.DOTALL);

  /**
   * Recognises a template.
   *
   * @throws IllegalArgumentException if it is neither ChatML nor that of Llama 3
   */
  public static ChatTemplate of(String template) {
    for (Format format : Format.values()) {
      if (template.contains(format.marker)) {
        Matcher system = SYSTEM.matcher(template);
        boolean given = format == Format.CHATML && system.find() && !system.group(1).contains("{");
        boolean literal = given && !system.group(1).contains("'");
        return new ChatTemplate(format, literal ? system.group(1) : null);
      }
    }
    throw new IllegalArgumentException("chat template must be ChatML or Llama 3, got another");
  }

  /** Reads the template of a GGUF file or of the {@code tokenizer_config.json} of a folder. */
  public static ChatTemplate open(Path model) throws IOException {
    String template;
    if (Files.isDirectory(model)) {
      Path file = model.resolve("tokenizer_config.json");
      Require.that(Files.isRegularFile(file), "missing chat template: no %s", file);
      template = Json.parse(Json.text(file), file.toString()).path("chat_template").asString("");
    } else {
      try (GgufFile file = GgufFile.open(model)) {
        template = file.text("tokenizer.chat_template", "");
      }
    }
    Require.that(!template.isEmpty(), "missing chat template in %s", model);
    return of(template);
  }

  /** Returns the text of a conversation up to the begin of the next answer. */
  public String prompt(List<Message> conversation) {
    List<Message> all = new ArrayList<>(conversation);
    if (system != null && (all.isEmpty() || !all.get(0).role().equals("system"))) {
      all.add(0, new Message("system", system));
    }
    StringBuilder text = new StringBuilder(format.begin);
    all.forEach(m -> text.append(String.format(format.message, m.role(), m.content())));
    return text.append(format.answer).toString();
  }
}
