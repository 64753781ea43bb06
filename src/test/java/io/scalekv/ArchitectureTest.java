package io.scalekv;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.ndarray.NDArray;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.scalekv.cli.Main;
import io.scalekv.model.infinity.Infinity;
import io.scalekv.model.vae.Vae;
import io.scalekv.scene.PromptFile;
import io.scalekv.scene.SceneGrammar;
import io.scalekv.scene.SceneSampler;
import io.scalekv.weights.SafetensorsWriter;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.random.RandomGenerator;

/** Who may know whom: left never imports right, and each outer library has its place. */
@AnalyzeClasses(packages = "io.scalekv", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule LEFT_NEVER_IMPORTS_RIGHT =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .optionalLayer("io")
          .definedBy("io.scalekv.io..")
          .optionalLayer("tensor")
          .definedBy("io.scalekv.tensor..")
          .optionalLayer("weights")
          .definedBy("io.scalekv.weights..")
          .optionalLayer("cache")
          .definedBy("io.scalekv.cache..")
          .optionalLayer("image")
          .definedBy("io.scalekv.image..")
          .optionalLayer("scene")
          .definedBy("io.scalekv.scene..")
          .optionalLayer("metrics")
          .definedBy("io.scalekv.metrics..")
          .optionalLayer("model")
          .definedBy("io.scalekv.model..")
          .optionalLayer("train")
          .definedBy("io.scalekv.train..")
          .optionalLayer("profile")
          .definedBy("io.scalekv.profile..")
          .optionalLayer("roles")
          .definedBy("io.scalekv.roles..")
          .optionalLayer("experiment")
          .definedBy("io.scalekv.experiment..")
          .optionalLayer("report")
          .definedBy("io.scalekv.report..")
          .optionalLayer("study")
          .definedBy("io.scalekv.study..")
          .optionalLayer("vocabtrim")
          .definedBy("io.scalekv.vocabtrim..")
          .optionalLayer("lab")
          .definedBy("io.scalekv")
          .optionalLayer("cli")
          .definedBy("io.scalekv.cli..")
          .whereLayer("io")
          .mayNotAccessAnyLayer()
          .whereLayer("tensor")
          .mayOnlyAccessLayers("io")
          .whereLayer("weights")
          .mayOnlyAccessLayers("io", "tensor")
          .whereLayer("cache")
          .mayOnlyAccessLayers("io", "tensor")
          .whereLayer("image")
          .mayOnlyAccessLayers("io")
          .whereLayer("scene")
          .mayOnlyAccessLayers("io", "image")
          .whereLayer("metrics")
          .mayOnlyAccessLayers("io", "tensor", "image")
          .whereLayer("model")
          .mayOnlyAccessLayers("io", "tensor", "weights", "cache", "image", "scene")
          .whereLayer("train")
          .mayOnlyAccessLayers("io", "tensor", "weights", "cache", "image", "scene", "model")
          .whereLayer("profile")
          .mayOnlyAccessLayers("io", "tensor", "weights", "cache", "model")
          .whereLayer("roles")
          .mayOnlyAccessLayers("io", "cache", "profile")
          .whereLayer("experiment")
          .mayOnlyAccessLayers(
              "io", "tensor", "weights", "cache", "image", "scene", "metrics", "model", "train",
              "profile", "roles")
          .whereLayer("report")
          .mayOnlyAccessLayers("io", "cache", "image", "metrics", "profile", "roles", "experiment")
          .whereLayer("study")
          .mayOnlyAccessLayers(
              "io",
              "tensor",
              "weights",
              "cache",
              "image",
              "scene",
              "metrics",
              "model",
              "profile",
              "roles",
              "experiment",
              "report")
          .whereLayer("vocabtrim")
          .mayOnlyAccessLayers(
              "io", "tensor", "weights", "metrics", "train", "experiment", "report")
          .whereLayer("lab")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule NO_CYCLES =
      slices().matching("io.scalekv.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

  @ArchTest
  static final ArchRule DJL_ONLY_WHERE_TENSORS_LIVE =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.scalekv.tensor..",
              "io.scalekv.weights..",
              "io.scalekv.cache..",
              "io.scalekv.metrics..",
              "io.scalekv.model..",
              "io.scalekv.train..",
              "io.scalekv.profile..",
              "io.scalekv.vocabtrim..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..");

  /** Where a gradient may be recorded. */
  private static final DescribedPredicate<JavaClass> RECORDED =
      resideInAnyPackage(
              "io.scalekv.train..",
              "io.scalekv.model.text..",
              "io.scalekv.vocabtrim.lm..",
              "io.scalekv.vocabtrim.train..")
          .or(belongToAnyOf(Infinity.class, Vae.class))
          .as("classes whose arithmetic may be recorded");

  /**
   * DJL wraps a Java number in memory that the collector frees before the backward pass: the
   * gradients become wrong without a word. Native scalars are safe.
   */
  @ArchTest
  static final ArchRule NO_JAVA_NUMBERS_IN_RECORDED_ARITHMETIC =
      noClasses()
          .that(RECORDED)
          .should()
          .callMethod(NDArray.class, "mul", Number.class)
          .orShould()
          .callMethod(NDArray.class, "div", Number.class)
          .orShould()
          .callMethod(NDArray.class, "pow", Number.class)
          .orShould()
          .callMethod(NDArray.class, "mod", Number.class)
          .orShould()
          .callMethod(NDArray.class, "maximum", Number.class)
          .orShould()
          .callMethod(NDArray.class, "minimum", Number.class);

  /** The operation {@code stop_gradient} is the way; scaleGradient multiplies by Java numbers. */
  @ArchTest
  static final ArchRule GRADIENTS_ARE_CUT_BY_THE_OPERATION =
      noClasses()
          .that()
          .doNotBelongToAnyOf(SafetensorsWriter.class)
          .should()
          .callMethod(NDArray.class, "stopGradient")
          .orShould()
          .callMethod(NDArray.class, "scaleGradient", double.class);

  @ArchTest
  static final ArchRule TRAINING_NEVER_SEES_HELD_OUT_SCENES =
      noClasses()
          .that()
          .resideInAPackage("io.scalekv.train..")
          .should()
          .callMethod(SceneSampler.class, "withHeldOut", RandomGenerator.class)
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(SceneGrammar.class, PromptFile.class);

  @ArchTest
  static final ArchRule AWT_ONLY_IN_REPORT_AND_IMAGE =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.scalekv.report..", "io.scalekv.study..", "io.scalekv.image..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("java.awt..", "javax.imageio..", "javax.swing.."));

  @ArchTest
  static final ArchRule XCHART_ONLY_IN_REPORT =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.scalekv.report..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("org.knowm.xchart..", "de.erichseifert.vectorgraphics2d.."));

  @ArchTest
  static final ArchRule SPARK_ONLY_IN_ITS_RUNNER =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.scalekv.experiment.spark..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.spark..");

  @ArchTest
  static final ArchRule PICOCLI_ONLY_IN_CLI =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.scalekv.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..");

  /** The system's clock may be set back or forth at any time; it is written down, never asked. */
  @ArchTest
  static final ArchRule NOTHING_IS_DECIDED_BY_THE_CLOCK =
      noClasses()
          .should()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(File.class, "lastModified")
          .orShould()
          .callMethod(Files.class, "getLastModifiedTime", Path.class, LinkOption[].class);

  @ArchTest
  static final ArchRule ONLY_MAIN_ENDS_THE_PROCESS =
      noClasses()
          .that()
          .doNotBelongToAnyOf(Main.class)
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);
}
