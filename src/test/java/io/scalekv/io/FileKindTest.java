package io.scalekv.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.scalekv.experiment.ExperimentSpec;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.ScaleKvBudgetFile;
import io.scalekv.scene.PromptFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FileKindTest {
  private static final String BUDGETS = "{\"Scale 9\": {\"Block 0\": 1}}";
  private static final String EXPERIMENT = "{\"name\": \"x\", \"model\": \"pocket\", \"rows\": []}";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"schemaVersion\": 3, \"parts\": {}} | ROLES",
        BUDGETS + " | BUDGETS",
        "[[[0, 1], [2, 3]]] | ORDERS",
        "{\"metadata\": {}, \"orders\": []} | ORDERS",
        "{\"format\": \"scalekv-trace\"} | TRACE",
        "{\"schemaVersion\": 2, \"runs\": []} | RUNS",
        "{\"drawing\": {}, \"policies\": []} | MANIFEST",
        EXPERIMENT + " | EXPERIMENT"
      })
  void documentsAreRecognised(String text, FileKind kind) {
    assertEquals(Optional.of(kind), FileKind.of(Json.parse(text, "file")));
    kind.check(Json.parse(text, "file"), "file");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "[1, 2]", "[[\"a red cat\"]]", "{\"prompt\": 1}"})
  void otherDocumentsHaveNoKind(String text) {
    assertEquals(Optional.empty(), FileKind.of(Json.parse(text, "file")));
  }

  @Test
  void bytesAreRecognised() throws IOException {
    Path weights = Path.of("src/main/resources/io/scalekv/model/pocket/vae.safetensors");
    assertEquals(Optional.of(FileKind.SAFETENSORS), FileKind.of(Files.readAllBytes(weights)));
    Path image = Path.of("results/pocket/contact-sheet.png");
    assertEquals(Optional.of(FileKind.IMAGE), FileKind.of(Files.readAllBytes(image)));
    assertEquals(Optional.of(FileKind.GGUF), FileKind.of(bytes("GGUF\3\0\0\0")));
    assertEquals(Optional.of(FileKind.TORCH), FileKind.of(bytes("PK\3\4")));
    assertEquals(Optional.of(FileKind.PICKLE), FileKind.of(bytes("\u0080\2c")));
    assertEquals(Optional.empty(), FileKind.of(new byte[0]));
    assertEquals(Optional.empty(), FileKind.of(bytes("\u0080\u0080")));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void readersNameTheKindThatTheyGot() throws IOException {
    Path budgets = Files.writeString(folder.resolve("budgets.json"), BUDGETS);
    Path experiment = Files.writeString(folder.resolve("experiment.json"), EXPERIMENT);
    refused(budgets, "roles import", () -> CalibrationFile.read(budgets));
    refused(budgets, "roles import", () -> ExperimentSpec.read(budgets));
    refused(budgets, "roles import", () -> PromptFile.entries(budgets));
    refused(experiment, "sweep", () -> CalibrationFile.read(experiment));
    refused(experiment, "sweep", () -> ScaleKvBudgetFile.read(experiment));
    Path weights = Files.write(folder.resolve("prompts.txt"), bytes("GGUF\3\0\0\0\u00ff"));
    refused(weights, "GGUF", () -> PromptFile.entries(weights));
  }

  private static void refused(Path file, String kind, Executable reader) {
    Exception e = assertThrows(IllegalArgumentException.class, reader);
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(kind), e.getMessage());
  }
}
