/**
 * Class-conditional VAR (Tian et al., NeurIPS 2024, arXiv 2404.02905): its image tokenizer, a
 * VQ-GAN with a multi-scale residual vector quantiser, and its transformer.
 *
 * <p>Letters: N images, V codes, d numbers of a code, Y×X pixels, h_k×w_k the map of scale k, h×w
 * the last map.
 */
package io.scalekv.model.var;
