/** From prompts to text features. */
package io.scalekv.model.text;
