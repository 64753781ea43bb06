/** Text encoders: prompts to text embeddings. */
package io.scalekv.model.text;
