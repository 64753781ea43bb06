/** Questions asked once and kept: each study is one class and its report. */
package io.scalekv.study;
