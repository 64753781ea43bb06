package io.scalekv.scene;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CalibrationPromptsTest {
  private static final Map<String, Integer> SIZES =
      Map.of("scenes-10.txt", 10, "scenes-128.txt", 128, "scenes-heldout-512.txt", 512);

  @Test
  void theFilesFollowFromTheirSeeds() throws IOException {
    for (Map.Entry<String, List<String>> file : CalibrationPrompts.files().entrySet()) {
      assertEquals(
          file.getValue(),
          Files.readAllLines(CalibrationPrompts.FOLDER.resolve(file.getKey())),
          file.getKey());
    }
    assertEquals(CalibrationPrompts.resource(), Files.readAllLines(CalibrationPrompts.RESOURCE));
  }

  @Test
  void theFilesShareNoSceneAndShowEverything() {
    Set<String> seen = new HashSet<>();
    List<String> all = new ArrayList<>();
    for (Map.Entry<String, Integer> file : SIZES.entrySet()) {
      List<String> captions = PromptFile.read(CalibrationPrompts.FOLDER.resolve(file.getKey()));
      assertEquals(file.getValue(), captions.size());
      List<Scene> scenes = captions.stream().map(SceneGrammar::parse).toList();
      assertEquals(
          CalibrationPrompts.attributeCount(), CalibrationPrompts.attributes(scenes).size());
      for (Scene scene : scenes) {
        assertTrue(seen.add(scene.caption()), scene.caption());
        assertTrue(
            scene.mirrored().equals(scene) || seen.add(scene.mirrored().caption()),
            scene.caption());
      }
      all.addAll(captions);
    }
    assertEquals(new HashSet<>(all), HeldOut.CAPTIONS);
  }

  @Test
  void theGeneralPromptsAreTenDetailedOnes() {
    List<String> prompts = PromptFile.read(CalibrationPrompts.FOLDER.resolve("general-10.txt"));
    assertEquals(10, new HashSet<>(prompts).size());
    assertTrue(prompts.stream().allMatch(prompt -> prompt.split(" ").length >= 15));
  }
}
