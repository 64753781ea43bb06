/** Text encoders: prompts to text features. */
package io.scalekv.model.text;
