package io.scalekv.report;

import io.scalekv.io.AtomicFile;
import io.scalekv.profile.AttentionProfile;
import io.scalekv.profile.StatisticsCsv;
import io.scalekv.profile.StatisticsFile;
import io.scalekv.roles.Calibration;
import io.scalekv.roles.CalibrationFile;
import io.scalekv.roles.ScaleKvBudgetFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Folder of a calibration with roles: its file, budgets, statistics, heat map and page. */
public final class CalibrationFolder {
  /** File of the calibration. */
  public static final String ROLES = "roles.json";

  private CalibrationFolder() {}

  /**
   * Writes all files, the calibration last.
   *
   * @param source origin of the attention, by name
   * @return the files, the calibration first
   */
  public static List<Path> write(
      Calibration calibration, AttentionProfile profile, Map<String, String> source, Path folder)
      throws IOException {
    List<Path> files = new ArrayList<>();
    for (String name :
        List.of(ROLES, "budgets-scalekv.json", "profile.csv", "statistics.safetensors")) {
      files.add(folder.resolve(name));
    }
    StatisticsFile.write(profile, source, files.get(3));
    StatisticsCsv.writeHeads(profile, files.get(2));
    ScaleKvBudgetFile.of(calibration.roles().assignment(), calibration.roles().plan())
        .write(files.get(1));
    files.addAll(RoleHeatMap.of(calibration).write(folder, "roles"));
    Path page = folder.resolve(StatisticsPage.NAME);
    String text = StatisticsPage.of(calibration, profile);
    AtomicFile.write(page, text.getBytes(StandardCharsets.UTF_8));
    files.add(page);
    CalibrationFile.write(calibration, files.get(0));
    return files;
  }
}
