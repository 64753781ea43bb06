/** Folders of images that were made elsewhere, paired by file name and scored. */
package io.scalekv.experiment.folders;
