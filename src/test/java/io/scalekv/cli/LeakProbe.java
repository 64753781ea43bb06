package io.scalekv.cli;

import io.scalekv.image.RgbImage;
import io.scalekv.model.Drawing;
import io.scalekv.model.GenerationListener;
import io.scalekv.model.ImageModel;
import io.scalekv.model.ModelCatalog;
import io.scalekv.model.ModelConfig;
import io.scalekv.model.ModelSource;
import io.scalekv.model.Prompt;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Does one thing many times in one process and prints, now and then, how often it was done, the
 * resident memory in KiB and the number of open files.
 */
final class LeakProbe {
  private static final int SAMPLES = 100;
  private static final String CAPTION =
      "a large solid red circle at center on a plain blue background";

  private LeakProbe() {}

  /** What is done again and again. */
  enum Work {
    GENERATIONS,
    LOADS,
    CALIBRATIONS
  }

  /**
   * @param args the work, how often, and a folder with {@link TinyExperiment}'s model
   */
  public static void main(String[] args) throws Exception {
    int times = Integer.parseInt(args[1]);
    Path folder = Path.of(args[2]);
    switch (Work.valueOf(args[0])) {
      case GENERATIONS -> generations(times, folder);
      case LOADS ->
          repeat(
              times,
              i -> {
                try (ImageModel model =
                    ImageModel.open(
                        ModelCatalog.config("pocket"), new ModelSource.Shipped(), i % 2 == 1)) {
                  model.weightHash();
                }
              });
      case CALIBRATIONS -> repeat(times, i -> calibrate(folder));
    }
    System.exit(0);
  }

  @FunctionalInterface
  private interface Once {
    void run(int time) throws Exception;
  }

  private static void repeat(int times, Once once) throws Exception {
    int every = Math.max(1, times / SAMPLES);
    for (int i = 0; i < times; i++) {
      once.run(i);
      if (i % every == 0) {
        System.gc();
        System.out.println(i + "," + residentKiB() + "," + openFiles());
      }
    }
  }

  private static void generations(int times, Path folder) throws Exception {
    ModelConfig config = ModelCatalog.read(folder.resolve("model").resolve("config.json"));
    try (ImageModel model = ImageModel.open(config, new ModelSource.Random(3), false)) {
      Drawing drawing = Drawing.defaults(config);
      repeat(
          times,
          i -> {
            List<RgbImage> images =
                model.draw(
                    drawing,
                    List.of(new Prompt(CAPTION, i)),
                    model.fullCache(drawing.schedule()),
                    List.of(),
                    GenerationListener.NONE);
            if (images.size() != 1) {
              throw new IllegalStateException("images: " + images.size());
            }
          });
    }
  }

  private static void calibrate(Path folder) {
    PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    String[] words = {
      "calibrate",
      "--model",
      folder.resolve("model").toString(),
      "--random-weights",
      "3",
      "--prompts",
      folder.resolve("prompts.txt").toString(),
      "--limit",
      "1",
      "--out",
      folder.resolve("calibrated").toString(),
      "--quiet"
    };
    int code = Main.run(nowhere, err, Main.commands(), words);
    if (code != 0) {
      throw new IllegalStateException("calibrate: " + code);
    }
  }

  private static long residentKiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IllegalStateException("/proc/self/status: VmRSS expected, got none");
  }

  private static long openFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count();
    }
  }
}
