/**
 * The pocket model's scene language: a closed grammar of captions, a renderer that draws them at
 * any resolution, and a segmenter that reads an image back.
 */
package io.scalekv.scene;
