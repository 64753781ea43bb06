package io.scalekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher as a real process, in a project of its own whose java and mvn are small scripts:
 * java prints its words and environment, mvn counts its calls and leaves a build stamp.
 */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
final class LauncherTest {
  private static final Path LAUNCHER = Path.of("scalekv").toAbsolutePath();
  private static final String JAVA =
      """
      #!/bin/sh
      case $1 in
        -version) echo 'openjdk version "17.0.1" 2021-10-19' >&2; exit ;;
      esac
      for word in "$@"; do printf '<%s>\\n' "$word"; done
      echo "OMP=${OMP_NUM_THREADS:-} WAIT=$OMP_WAIT_POLICY OFFLINE=$DJL_OFFLINE"
      exit 7
      """;
  private static final String MVN =
      """
      #!/bin/sh
      echo "mvn $*" >>calls
      mkdir -p target/classes target/lib
      touch target/build.stamp
      """;

  @TempDir private Path folder;
  private Path home;
  private Path bin;

  /** What a process left behind. */
  record Ended(int code, String out, String err) {}

  @BeforeEach
  void makeProject() throws IOException {
    home = Files.createDirectories(folder.resolve("a home"));
    bin = Files.createDirectories(folder.resolve("bin"));
    Files.createDirectories(home.resolve("src/main/java"));
    Files.writeString(home.resolve("pom.xml"), "<project/>");
    Files.writeString(home.resolve("src/main/java/A.java"), "class A {}");
    script(home.resolve("scalekv"), Files.readString(LAUNCHER));
    script(bin.resolve("java"), JAVA);
    script(bin.resolve("mvn"), MVN);
    inThePast(home.resolve("pom.xml"));
    inThePast(home.resolve("src/main/java/A.java"));
    inThePast(home.resolve("src/main/java"));
    inThePast(home.resolve("src/main"));
  }

  private static void inThePast(Path path) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.parse("2020-01-01T00:00:00Z")));
  }

  private static void script(Path path, String text) throws IOException {
    Files.writeString(path, text);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process start(Path launcher, String... args) throws IOException {
    List<String> words = new ArrayList<>(List.of(launcher.toString()));
    words.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile());
    builder.environment().put("PATH", bin + ":" + System.getenv("PATH"));
    builder.environment().keySet().removeAll(List.of("JAVA_HOME", "OMP_NUM_THREADS", "SPARK_HOME"));
    return builder.start();
  }

  private static Ended end(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), out, err);
  }

  private Ended launch(String... args) throws Exception {
    return end(start(home.resolve("scalekv"), args));
  }

  private int builds() throws IOException {
    Path calls = home.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls).size() : 0;
  }

  @Test
  void passesWordsEnvironmentAndExitCode() throws Exception {
    Ended ended = launch("generate", "--prompt", "a 'red'  circle $HOME *", "--threads", "3", "");
    assertEquals(7, ended.code(), ended.err());
    assertEquals("", ended.err());
    List<String> lines = ended.out().lines().toList();
    int main = lines.indexOf("<io.scalekv.cli.Main>");
    assertEquals(
        List.of(
            "<generate>",
            "<--prompt>",
            "<a 'red'  circle $HOME *>",
            "<--threads>",
            "<3>",
            "<>",
            "OMP=3 WAIT=PASSIVE OFFLINE=true"),
        lines.subList(main + 1, lines.size()));
    assertTrue(lines.get(main - 1).endsWith("a home/target/lib/*>"), lines.get(main - 1));
  }

  @Test
  void readsTheThreadsInBothSpellingsAndLeavesOtherWordsAlone() throws Exception {
    assertTrue(launch("x", "--threads=2").out().contains("OMP=2 "));
    assertTrue(launch("x", "--threads", "two").out().contains("OMP= "));
    assertTrue(launch("x", "--", "--threads=2").out().contains("OMP= "));
  }

  @Test
  void buildsOnlyWhenASourceIsNewer() throws Exception {
    launch("x");
    assertEquals(1, builds());
    launch("x");
    assertEquals(1, builds());
    inThePast(home.resolve("target/build.stamp"));
    Files.writeString(home.resolve("src/main/java/A.java"), "class A { int a; }");
    launch("x");
    assertEquals(2, builds());
    inThePast(home.resolve("target/build.stamp"));
    Files.delete(home.resolve("src/main/java/A.java"));
    launch("x");
    assertEquals(3, builds());
  }

  @Test
  void worksThroughSymbolicLinks() throws Exception {
    Path near = Files.createSymbolicLink(home.resolve("near"), Path.of("scalekv"));
    Path far = Files.createSymbolicLink(folder.resolve("far"), near);
    Ended ended = end(start(far, "x"));
    assertEquals(7, ended.code(), ended.err());
    assertTrue(ended.out().contains("a home/target/classes"), ended.out());
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    script(bin.resolve("mvn"), MVN.replace("touch", "sleep 0.5; touch"));
    List<Process> both =
        List.of(start(home.resolve("scalekv"), "x"), start(home.resolve("scalekv"), "x"));
    for (Process process : both) {
      Ended ended = end(process);
      assertEquals(7, ended.code(), ended.err());
    }
    assertEquals(1, builds());
  }

  @Test
  void aFailedBuildShowsItsOutputOnStderr() throws Exception {
    script(bin.resolve("mvn"), "#!/bin/sh\necho 'A.java:1: no good'\nexit 1\n");
    Ended ended = launch("x");
    assertEquals(1, ended.code());
    assertEquals("", ended.out());
    assertEquals(
        List.of("A.java:1: no good", "scalekv: the build failed"), ended.err().lines().toList());
  }

  @Test
  void anOldJavaIsNamed() throws Exception {
    script(bin.resolve("java"), "#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n");
    Ended ended = launch("x");
    assertEquals(1, ended.code());
    assertEquals("scalekv: Java 17 or newer is needed; java is version 1", ended.err().strip());
    assertEquals(0, builds());
  }

  /** Spark comes onto the class path only where it is asked for, and is fetched once. */
  @Test
  void fetchesSparkOnFirstUse() throws Exception {
    script(
        bin.resolve("mvn"),
        MVN
            + """
            for word in "$@"; do
              case $word in
                -DoutputDirectory=*) mkdir -p "${word#*=}"; touch "${word#*=}/spark-core_2.13.jar" ;;
              esac
            done
            """);
    assertFalse(launch("sweep", "a.yaml").out().contains("spark"));
    assertEquals(1, builds());
    Ended ended = launch("sweep", "a.yaml", "--runner", "spark");
    assertTrue(ended.out().contains("target/lib/*:" + home + "/target/spark-lib/*>"), ended.out());
    assertTrue(ended.out().contains("<-Dslf4j.provider="), ended.out());
    assertEquals(2, builds());
    assertTrue(launch("sweep", "a.yaml", "--runner=spark").out().contains("spark-lib/*>"));
    assertEquals(2, builds());
    assertFalse(launch("generate", "--prompt", "x").out().contains("spark-lib"));
  }

  @Test
  void takesTheSparkThatIsNamed() throws Exception {
    Ended none = launch("sweep", "--runner", "spark", "--spark-home", folder.toString());
    assertEquals(1, none.code());
    assertEquals(
        "scalekv: --spark-home must be a Spark with a folder jars, got " + folder,
        none.err().strip());
    Path jars = Files.createDirectories(folder.resolve("spark/jars"));
    Files.createFile(jars.resolve("spark-core_2.13-4.1.1.jar"));
    Ended ended = launch("sweep", "--runner", "spark", "--spark-home=" + folder.resolve("spark"));
    assertTrue(ended.out().contains(":" + jars + "/*>"), ended.out());
  }
}
