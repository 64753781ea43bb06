package io.scalekv.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a repository that the real git makes. */
final class SourceCommitTest {
  @TempDir Path folder;

  private void git(String... words) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("git", "-c", "user.name=test", "-c", "user.email=test@localhost"));
    command.addAll(List.of(words));
    Process git =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertEquals(0, git.waitFor(), String.join(" ", words));
  }

  @Test
  void changedResultsAreNoChangedSources() throws IOException, InterruptedException {
    assertEquals(SourceCommit.UNKNOWN, SourceCommit.of(folder));
    git("init", "--quiet");
    assertEquals(SourceCommit.UNKNOWN, SourceCommit.of(folder));
    Path source = Files.writeString(folder.resolve("A.java"), "a");
    Path results = Files.createDirectories(folder.resolve("results"));
    Files.writeString(results.resolve("a.json"), "a");
    git("add", "-A");
    git("commit", "--quiet", "-m", "a");
    String commit = SourceCommit.of(folder);
    assertTrue(commit.matches("[0-9a-f]{40}"), commit);
    Files.writeString(results.resolve("a.json"), "b");
    Files.writeString(folder.resolve("new.txt"), "b");
    assertEquals(commit, SourceCommit.of(folder));
    assertEquals(commit, SourceCommit.of(results));
    Files.writeString(source, "b");
    assertEquals(commit + "-dirty", SourceCommit.of(folder));
    assertEquals(commit + "-dirty", SourceCommit.of(results));
  }
}
