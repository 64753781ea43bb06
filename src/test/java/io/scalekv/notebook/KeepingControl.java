package io.scalekv.notebook;

import java.lang.reflect.Method;
import java.util.Map;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;

/**
 * Runs snippets in this virtual machine and keeps the value of the last one as the object that it
 * is; JShell itself hands out texts only.
 */
final class KeepingControl extends DirectExecutionControl {
  private Object value;

  /** The value of the last snippet, null for none. */
  Object value() {
    return value;
  }

  @Override
  protected String invoke(Method snippet) throws Exception {
    // Libraries look for their services with the loader of the thread.
    Thread.currentThread().setContextClassLoader(snippet.getDeclaringClass().getClassLoader());
    value = null;
    value = snippet.invoke(null);
    return valueString(value);
  }

  /** A provider of this control for one JShell. */
  static ExecutionControlProvider provider(KeepingControl control) {
    return new ExecutionControlProvider() {
      @Override
      public String name() {
        return "keeping";
      }

      @Override
      public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) {
        return control;
      }
    };
  }
}
