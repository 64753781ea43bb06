# The operations that DJL does not bind, as one TorchScript class. One method per operation; the Java
# class TorchOps packs this text into an archive and calls the methods by name. Every method passes
# autograd through. Letters: B batch, L tokens, H heads, D head width, C width, N feature maps.
# dtype codes: 6 is float32, 15 is bfloat16.


class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # q [B,H,L,D], k and v [B,H,T,D] -> [B,H,L,D]; softmax scale 1 (cosine attention)
  def sdpa_unit(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.scaled_dot_product_attention(q, k, v, None, 0., False, scale=1.)

  # the same with softmax scale 1/sqrt(D)
  def sdpa(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.scaled_dot_product_attention(q, k, v)

  # attention of all maps at once: map i owns tokens bounds[i] to bounds[i+1] of L and sees all tokens
  # up to its own end; q, k, v [B,H,L,D], softmax scale 1
  def prefix_attention(self, q: Tensor, k: Tensor, v: Tensor, bounds: Tensor) -> Tensor:
    parts = annotate(List[Tensor], [])
    n = torch.sub(torch.size(bounds, 0), 1)
    sizes = annotate(List[int], [])
    for i in range(n):
      a = int(torch.item(torch.select(bounds, 0, i)))
      b = int(torch.item(torch.select(bounds, 0, torch.add(i, 1))))
      _0 = torch.append(sizes, torch.sub(b, a))
    queries = torch.split_with_sizes(q, sizes, 2)
    # from the last map to the first, each prefix a part of the next: its gradient is added once
    ki = k
    vi = v
    for j in range(n):
      i = torch.sub(torch.sub(n, 1), j)
      b = int(torch.item(torch.select(bounds, 0, torch.add(i, 1))))
      ki = torch.slice(ki, 2, 0, b)
      vi = torch.slice(vi, 2, 0, b)
      o = torch.scaled_dot_product_attention(queries[i], ki, vi, None, 0., False, scale=1.)
      _1 = torch.append(parts, o)
    torch.reverse(parts)
    return torch.cat(parts, 2)

  # the same with an additive mask broadcast to [B,H,L,T]
  def sdpa_masked(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    return torch.scaled_dot_product_attention(q, k, v, mask)

  # the same with softmax scale 1
  def sdpa_unit_masked(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    return torch.scaled_dot_product_attention(q, k, v, mask, 0., False, scale=1.)

  # softmax rows of sampled queries, for profiling, softmax scale 1: q [B,H,L,D], k [B,H,T,D] of one or
  # two halves of R batch rows; index [R,H,S] (int64) the sampled queries of the first half as rows of q
  # seen as [B*H*L,D]. The first N = rows of whole [N] are needed of both halves and with their
  # p ln p, the others of the first half only. -> one vector: the rows of the first half [R,H,S,T] if
  # N < S; if N > 0 the first N of all batch rows, head H their mean, [B,H+1,N,T] and the same of p ln p
  def profiled_rows(self, q: Tensor, k: Tensor, index: Tensor, whole: Tensor) -> Tensor:
    r = torch.size(index, 0)
    n = torch.size(whole, 0)
    flat = torch.reshape(q, [-1, torch.size(q, 3)])
    x = (self).softmax_rows(flat, torch.narrow(k, 0, 0, r), index)
    parts = annotate(List[Tensor], [])
    if torch.lt(n, torch.size(index, 2)):
      _0 = torch.append(parts, torch.flatten(x))
    if torch.gt(n, 0):
      p = torch.narrow(x, 2, 0, n)
      if torch.gt(torch.size(q, 0), r):
        half = torch.mul(torch.mul(r, torch.size(q, 1)), torch.size(q, 2))
        y = (self).softmax_rows(flat, torch.narrow(k, 0, r, r), torch.add(torch.narrow(index, 2, 0, n), half))
        p = torch.cat([p, y])
      rows = torch.flatten(torch.cat([p, torch.mean(p, [1], True)], 1))
      _1 = torch.append(parts, rows)
      _2 = torch.append(parts, torch.mul_(torch.log_(torch.clamp_min(rows, 1.1754943508222875e-38)), rows))
    return torch.cat(parts)

  # flat [N,D], k [R,H,T,D], index [R,H,S] (int64) -> softmax of the rows of flat times the keys [R,H,S,T]
  def softmax_rows(self, flat: Tensor, k: Tensor, index: Tensor) -> Tensor:
    q = torch.view(torch.index_select(flat, 0, torch.flatten(index)), [torch.size(k, 0), torch.size(k, 1), torch.size(index, 2), torch.size(k, 3)])
    return torch.softmax(torch.matmul(q, torch.transpose(k, 2, 3)), -1)

  # x [..,C], weight [O,C], bias [O]
  def linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.linear(x, weight, bias)

  # the same without bias
  def product(self, x: Tensor, weight: Tensor) -> Tensor:
    return torch.linear(x, weight, None)

  # gated GELU of T5: GELU(tanh) of one product times the other; x [..,C], weights [F,C] -> [..,F]
  def gated_gelu(self, x: Tensor, gate: Tensor, value: Tensor) -> Tensor:
    g = torch.gelu(torch.linear(x, gate, None), approximate="tanh")
    return torch.mul(g, torch.linear(x, value, None))

  # linear with both factors rounded to bfloat16; float32 in and out
  def linear_bf16(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    y = torch.linear(torch.to(x, 15), torch.to(weight, 15), torch.to(bias, 15))
    return torch.to(y, 6)

  # linear with a bfloat16 weight and bias, computed in float32
  def linear_wide(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.linear(x, torch.to(weight, 6), torch.to(bias, 6))

  # linear with the bias [q, k, v] of a packed projection
  def linear_qkv(self, x: Tensor, weight: Tensor, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.linear(x, weight, torch.cat([q, k, v]))

  def linear_qkv_bf16(self, x: Tensor, weight: Tensor, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    b = torch.to(torch.cat([q, k, v]), 15)
    return torch.to(torch.linear(torch.to(x, 15), torch.to(weight, 15), b), 6)

  # linear with the bias [k, v] of a packed projection
  def linear_kv(self, x: Tensor, weight: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.linear(x, weight, torch.cat([k, v]))

  # the same with a bfloat16 weight and bias, computed in float32
  def linear_kv_wide(self, x: Tensor, weight: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.linear(x, torch.to(weight, 6), torch.to(torch.cat([k, v]), 6))

  # x [B,L,C] plus row [index] of table [N,C]; index [1] (int64)
  def add_row(self, x: Tensor, table: Tensor, index: Tensor) -> Tensor:
    return torch.add(x, torch.embedding(table, index))

  # the first T rows of table [N,W] for every row of x [B,T,W] -> [B,T,W]
  def rows_like(self, x: Tensor, table: Tensor) -> Tensor:
    return torch.expand_as(torch.slice(table, 0, 0, torch.size(x, 1)), x)

  def to_bf16(self, x: Tensor) -> Tensor:
    return torch.to(x, 15)

  def to_fp32(self, x: Tensor) -> Tensor:
    return torch.to(x, 6)

  def copy_bf16(self, x: Tensor) -> Tensor:
    return torch.to(x, 15, False, True)

  def copy_fp32(self, x: Tensor) -> Tensor:
    return torch.to(x, 6, False, True)

  # tokens of x [R,H,T,D], then those of y [R,H,L,D], in any format -> [R,H,T+L,D]
  def join_bf16(self, x: Tensor, y: Tensor) -> Tensor:
    return (self).join_into(x, y, 15)

  def join_fp32(self, x: Tensor, y: Tensor) -> Tensor:
    return (self).join_into(x, y, 6)

  def join_into(self, x: Tensor, y: Tensor, dtype: int) -> Tensor:
    t = torch.size(x, 2)
    n = torch.size(y, 2)
    sizes = [torch.size(x, 0), torch.size(x, 1), torch.add(t, n), torch.size(x, 3)]
    out = torch.new_empty(x, sizes, dtype=dtype)
    _0 = torch.copy_(torch.narrow(out, 2, 0, t), x)
    _1 = torch.copy_(torch.narrow(out, 2, t, n), y)
    return out

  # memory for numbers of the shape [D] (int64), not yet written
  def empty_bf16(self, shape: Tensor) -> Tensor:
    return (self).empty(shape, 15)

  def empty_fp32(self, shape: Tensor) -> Tensor:
    return (self).empty(shape, 6)

  def empty(self, shape: Tensor, dtype: int) -> Tensor:
    sizes = annotate(List[int], [])
    for i in range(torch.size(shape, 0)):
      _0 = torch.append(sizes, int(torch.select(shape, 0, i)))
    return torch.new_empty(shape, sizes, dtype=dtype)

  # normal random numbers of deviation std [] into the flat x [N], through the float32 buffer
  def fill_normal(self, x: Tensor, buffer: Tensor, std: Tensor) -> Tensor:
    n = torch.size(x, 0)
    step = torch.size(buffer, 0)
    s = float(torch.item(std))
    for i in range(torch.floordiv(torch.sub(torch.add(n, step), 1), step)):
      to = torch.slice(x, 0, torch.mul(i, step), torch.mul(torch.add(i, 1), step))
      part = torch.normal_(torch.slice(buffer, 0, 0, torch.size(to, 0)), 0., s)
      _0 = torch.copy_(to, part)
    return x

  # layer norm with affine weight [C] and bias [C], eps 1e-6
  def layer_norm_affine(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.layer_norm(x, [torch.size(x, -1)], weight, bias, 1e-06)

  # the same, rounded to bfloat16
  def layer_norm_affine_bf16(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.to(torch.layer_norm(x, [torch.size(x, -1)], weight, bias, 1e-06), 15)

  # adaptive layer norm: LN(x) * (1 + scale) + shift, scale and shift [B,1,C]
  def ada_layer_norm(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    y = torch.layer_norm(x, [torch.size(x, -1)], None, None, 1e-06)
    return torch.add(torch.mul(y, torch.add(scale, 1.)), shift)

  # the same, rounded to bfloat16; not for autograd
  def ada_layer_norm_bf16(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    y = torch.layer_norm(x, [torch.size(x, -1)], None, None, 1e-06)
    return torch.to(torch.add_(torch.mul_(y, torch.add(scale, 1.)), shift), 15)

  # x + y * gamma, gamma [B,1,C]
  def gated_residual(self, x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    return torch.addcmul(x, y, gamma)

  # the same for bfloat16 y and float32 x and gamma
  def gated_residual_bf16(self, x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    return torch.addcmul(x, torch.to(y, 6), gamma)

  # x * rsqrt(mean(x^2) + 1e-6) * weight over the last axis
  def rms_norm(self, x: Tensor, weight: Tensor) -> Tensor:
    m = torch.mean(torch.mul(x, x), [-1], True)
    return torch.mul(torch.mul(x, torch.rsqrt(torch.add(m, 1e-06))), weight)

  # GELU in its tanh form
  def gelu_tanh(self, x: Tensor) -> Tensor:
    return torch.gelu(x, approximate="tanh")

  def silu(self, x: Tensor) -> Tensor:
    return torch.silu(x)

  # x [..,L,D] rotated over interleaved pairs by the table [L,D/2,2] of cosines and sines
  def rotate(self, x: Tensor, table: Tensor) -> Tensor:
    y = torch.unflatten(x, -1, [-1, 2])
    z = torch.mul(torch.view_as_complex(y), torch.view_as_complex(table))
    return torch.flatten(torch.view_as_real(z), -2)

  # packed qkv [B,L,3C] -> float32 query [B,H,L,D]: L2-normalised (eps 1e-12), times the learned temperature
  # exp(min(s, log 100)) of s [1,H,1,1]
  def unit_query(self, qkv: Tensor, s: Tensor) -> Tensor:
    h = torch.size(s, 1)
    temperature = torch.exp(torch.clamp_max(s, 4.6051701859880918))
    y = torch.to(torch.select(torch.unflatten(qkv, -1, [3, h, -1]), 2, 0), 6)
    x = torch.transpose(y, 1, 2)
    n = torch.clamp_min(torch.linalg_vector_norm(x, 2, [-1], True), 9.9999999999999998e-13)
    return torch.mul(x, torch.div(temperature, n))

  # the same for the key, without temperature; s only gives H
  def unit_key(self, qkv: Tensor, s: Tensor) -> Tensor:
    h = torch.size(s, 1)
    y = torch.to(torch.select(torch.unflatten(qkv, -1, [3, h, -1]), 2, 1), 6)
    x = torch.transpose(y, 1, 2)
    n = torch.clamp_min(torch.linalg_vector_norm(x, 2, [-1], True), 9.9999999999999998e-13)
    return torch.div(x, n)

  # both, rotated over interleaved pairs by the table [L,D/2,2]
  def cosine_query(self, qkv: Tensor, s: Tensor, table: Tensor) -> Tensor:
    return (self).rotate((self).unit_query(qkv, s), table)

  def cosine_key(self, qkv: Tensor, s: Tensor, table: Tensor) -> Tensor:
    return (self).rotate((self).unit_key(qkv, s), table)

  # packed qkv [B,L,3C] -> float32 value [B,H,L,D]
  def packed_value(self, qkv: Tensor, s: Tensor) -> Tensor:
    h = torch.size(s, 1)
    x = torch.to(torch.select(torch.unflatten(qkv, -1, [3, h, -1]), 2, 2), 6)
    return torch.transpose(x, 1, 2)

  # the same in the format of qkv
  def packed_value_bf16(self, qkv: Tensor, s: Tensor) -> Tensor:
    x = torch.select(torch.unflatten(qkv, -1, [3, torch.size(s, 1), -1]), 2, 2)
    return torch.transpose(x, 1, 2)

  # [B,L,C] -> [B,H,L,D]; the second argument only gives H: [1,H,1,1]
  def split_heads(self, x: Tensor, like: Tensor) -> Tensor:
    return torch.transpose(torch.unflatten(x, -1, [torch.size(like, 1), -1]), 1, 2)

  # learned query [1,H,D] for every row of k [B,H,T,D] -> [B,H,1,D]
  def pool_query(self, k: Tensor, query: Tensor) -> Tensor:
    q = torch.unsqueeze(query, 2)
    return torch.expand(q, [torch.size(k, 0), -1, -1, -1])

  # [B,H,L,D] -> [B,L,C]
  def merge_heads(self, x: Tensor) -> Tensor:
    return torch.flatten(torch.transpose(x, 1, 2), 2)

  # group norm with weight and bias [C]; the number of groups is the length of the dummy vector
  def group_norm(self, x: Tensor, weight: Tensor, bias: Tensor, groups: Tensor) -> Tensor:
    return torch.group_norm(x, torch.size(groups, 0), weight, bias, 1e-06)

  def conv2d(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    p = torch.floordiv(torch.size(weight, 2), 2)
    return torch.conv2d(x, weight, bias, [1, 1], [p, p])

  def conv2d_relu(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    p = torch.floordiv(torch.size(weight, 2), 2)
    return torch.relu_(torch.conv2d(x, weight, bias, [1, 1], [p, p]))

  # means of 2x2 squares; an odd last row or column is dropped
  def avg_pool2(self, x: Tensor) -> Tensor:
    return torch.avg_pool2d(x, [2, 2])

  # stride-2 convolution, padded by one right and below only
  def conv2d_down(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.conv2d(torch.constant_pad_nd(x, [0, 1, 0, 1], 0.), weight, bias, [2, 2])

  def upsample_nearest2(self, x: Tensor) -> Tensor:
    return torch.upsample_nearest2d(x, None, [2., 2.])

  # bilinear without antialias, half-pixel centres: x [N,C,h,w] -> [N,C,H,W] of like [H,W]
  def resize_bilinear(self, x: Tensor, like: Tensor) -> Tensor:
    return torch.upsample_bilinear2d(x, [torch.size(like, 0), torch.size(like, 1)], False)

  # area averaging (adaptive mean): x [N,C,h,w] -> [N,C,H,W] of like [H,W]
  def resize_area(self, x: Tensor, like: Tensor) -> Tensor:
    return torch.adaptive_avg_pool2d(x, [torch.size(like, 0), torch.size(like, 1)])

  # bicubic (a = -0.75) without antialias, half-pixel centres, edges repeated
  def resize_bicubic(self, x: Tensor, like: Tensor) -> Tensor:
    return torch.upsample_bicubic2d(x, [torch.size(like, 0), torch.size(like, 1)], False)

  # single-head attention over positions: packed qkv [N,3C,h,w] -> [N,C,h,w], softmax scale 1/sqrt(C)
  def image_attention(self, qkv: Tensor) -> Tensor:
    y = torch.transpose(torch.flatten(torch.unflatten(qkv, 1, [3, -1]), 3), 2, 3)
    q, k, v, = torch.unbind(y, 1)
    o = torch.scaled_dot_product_attention(q, k, v)
    return torch.unflatten(torch.transpose(o, 1, 2), 2, [torch.size(qkv, 2), torch.size(qkv, 3)])

  # half of x and half of its 3x3 convolution: x [N,C,h,w]
  def half_conv(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.mul(torch.add(x, torch.conv2d(x, weight, bias, [1, 1], [1, 1])), 0.5)

  # index of the nearest row of table [V,C] for every position of x [N,C,h,w] -> [N,h*w] int64
  def nearest_row(self, x: Tensor, table: Tensor) -> Tensor:
    rows = torch.transpose(torch.flatten(x, 2), 1, 2)
    lengths = torch.sum(torch.mul(table, table), [1])
    return torch.argmin(torch.sub(lengths, torch.mul(torch.matmul(rows, torch.t(table)), 2.)), -1)

  # value of q with the gradient of z (straight-through estimator)
  def straight_through(self, z: Tensor, q: Tensor) -> Tensor:
    return torch.add(z, torch.detach(torch.sub(q, z)))

  # x without its gradient
  def stop_gradient(self, x: Tensor) -> Tensor:
    return torch.detach(x)

  # mean of (x - y)^2 as a scalar
  def mse(self, x: Tensor, y: Tensor) -> Tensor:
    return torch.mse_loss(x, y)

  # weighted sum of per-bit losses: loss [B,L,d], weight [L,1] -> mean over rows and bits
  def weighted_bit_loss(self, logits: Tensor, bits: Tensor, weight: Tensor) -> Tensor:
    p = torch.unflatten(logits, -1, [-1, 2])
    margin = torch.sub(torch.select(p, -1, 1), torch.select(p, -1, 0))
    l = torch.binary_cross_entropy_with_logits(margin, bits, None, None, 0)
    return torch.mean(torch.sum(torch.mul(l, weight), [1]))

  # weighted sum of cross-entropies in nats: logits [B,L,V], ids [B,L] (int64), weight [L,1] -> mean
  # over rows
  def weighted_code_loss(self, logits: Tensor, ids: Tensor, weight: Tensor) -> Tensor:
    l = torch.cross_entropy_loss(torch.flatten(logits, 0, 1), torch.flatten(ids), None, 0, -100, 0.)
    return torch.mean(torch.matmul(torch.reshape(l, [-1, torch.size(weight, 0)]), weight))

  # x with a x = b in least squares: b [N,C], a [N,F] -> [F,C]
  def least_squares(self, b: Tensor, a: Tensor) -> Tensor:
    return torch.matmul(torch.linalg_pinv(a), b)

  # rows of table [N,W] at ids [B,T] (int64) -> [B,T,W]
  def embedding(self, ids: Tensor, table: Tensor) -> Tensor:
    return torch.embedding(table, ids)

  # x where keep is 1, y where it is 0; keep [B,1,1]
  def choose(self, x: Tensor, y: Tensor, keep: Tensor) -> Tensor:
    return torch.lerp(y, x, keep)

  # pixel (un)shuffle by 2 on [N,C,h,w]
  def pixel_shuffle2(self, x: Tensor) -> Tensor:
    return torch.pixel_shuffle(x, 2)

  def pixel_unshuffle2(self, x: Tensor) -> Tensor:
    return torch.pixel_unshuffle(x, 2)

  # one AdamW step in place on p with moments m and v, then ema <- ema + rate * (p - ema) and
  # g <- 0;
  # hyper = [lr / (1 - beta1^t), 1 - beta1, beta2, 1 / sqrt(1 - beta2^t), eps, 1 - lr * weight decay,
  #          gradient factor, ema rate]
  def adamw(self, g: Tensor, p: Tensor, m: Tensor, v: Tensor, ema: Tensor, hyper: Tensor) -> Tensor:
    step = torch.item(torch.select(hyper, 0, 0))
    b2 = torch.item(torch.select(hyper, 0, 2))
    w = torch.detach(p)
    gs = torch.mul(g, torch.item(torch.select(hyper, 0, 6)))
    m1 = torch.lerp_(m, gs, torch.item(torch.select(hyper, 0, 1)))
    v1 = torch.addcmul_(torch.mul_(v, b2), gs, gs, value=torch.sub(1., b2))
    d = torch.mul(torch.sqrt(v1), torch.item(torch.select(hyper, 0, 3)))
    d1 = torch.add_(d, torch.item(torch.select(hyper, 0, 4)))
    w1 = torch.mul_(w, torch.item(torch.select(hyper, 0, 5)))
    w2 = torch.addcdiv_(w1, m1, d1, value=torch.neg(step))
    e1 = torch.lerp_(ema, w2, torch.item(torch.select(hyper, 0, 7)))
    return torch.zero_(g)

  # copies the values of x into the memory of target, outside autograd
  def assign(self, x: Tensor, target: Tensor) -> Tensor:
    return torch.copy_(torch.detach(target), x)

  # sum of squares as a scalar
  def square_sum(self, x: Tensor) -> Tensor:
    return torch.sum(torch.mul(x, x))

  # attention of heads that hold different numbers of tokens, softmax scale 1: q [R,H,L,D], k and v
  # [R,S,D] head after head, counts [H] -> [R,H,L,D]
  def sdpa_ragged(self, q: Tensor, k: Tensor, v: Tensor, counts: Tensor) -> Tensor:
    parts = annotate(List[Tensor], [])
    a = 0
    for h in range(torch.size(counts, 0)):
      n = int(torch.select(counts, 0, h))
      kh = torch.unsqueeze(torch.narrow(k, 1, a, n), 1)
      vh = torch.unsqueeze(torch.narrow(v, 1, a, n), 1)
      o = torch.scaled_dot_product_attention(torch.narrow(q, 1, h, 1), kh, vh, None, 0., False, scale=1.)
      _0 = torch.append(parts, o)
      a = torch.add(a, n)
    return torch.cat(parts, 1)

  # history [R,S,D], head after head, with the tokens of current [R,H,L,D] behind each head's own;
  # counts [H] -> [R,S+H*L,D]
  def join_ragged(self, history: Tensor, current: Tensor, counts: Tensor) -> Tensor:
    parts = annotate(List[Tensor], [])
    a = 0
    for h in range(torch.size(counts, 0)):
      n = int(torch.select(counts, 0, h))
      _0 = torch.append(parts, torch.narrow(history, 1, a, n))
      _1 = torch.append(parts, torch.select(current, 1, h))
      a = torch.add(a, n)
    return torch.cat(parts, 1)

  # how far attention over some keys is from attention over all of them: q [B,H,L,D], k and v
  # [B,H,T,D], index [B,H,S] of the S keys in [B*H*T,D], scale [1] softmax scale
  # -> [2,B,H]: sums over L and D of (full - some)^2 and of full^2, added up in float64
  def cut_errors(self, q: Tensor, k: Tensor, v: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    scaled = torch.mul(q, scale)
    full = torch.scaled_dot_product_attention(scaled, k, v, None, 0., False, scale=1.)
    rows = torch.flatten(index)
    shape = [index.size(0), index.size(1), index.size(2), k.size(3)]
    some_k = torch.reshape(torch.index_select(torch.reshape(k, [-1, k.size(3)]), 0, rows), shape)
    some_v = torch.reshape(torch.index_select(torch.reshape(v, [-1, v.size(3)]), 0, rows), shape)
    some = torch.scaled_dot_product_attention(scaled, some_k, some_v, None, 0., False, scale=1.)
    error = torch.sum(torch.square(torch.sub(full, some)), [2, 3], False, dtype=7)
    size = torch.sum(torch.square(full), [2, 3], False, dtype=7)
    return torch.stack([error, size])

  # rows of x [N,D] at index [M] (int64) -> [M,D]
  def rows_at(self, x: Tensor, index: Tensor) -> Tensor:
    return torch.index_select(x, 0, index)

  # largest magnitude over the tokens of x [R,H,L,D], by 127 -> [R*H,D]
  def channel_scales(self, x: Tensor) -> Tensor:
    s = torch.flatten(torch.amax(torch.abs(x), [2]), 0, 1)
    return torch.clamp_min(torch.div(s, 127.), 1e-30)

  # largest magnitude of each row of x [N,D], by 127 -> [N,1]
  def token_scales(self, x: Tensor) -> Tensor:
    return torch.clamp_min(torch.div(torch.amax(torch.abs(x), [-1], True), 127.), 1e-30)

  # x [N,D] over scales [N,1], as bytes
  def to_int8(self, x: Tensor, scales: Tensor) -> Tensor:
    return torch.to(torch.clamp(torch.round(torch.div(x, scales)), -127., 127.), 1)

  def from_int8(self, x: Tensor, scales: Tensor) -> Tensor:
    return torch.mul(torch.to(x, 6), scales)

  # the same with row [N] of the channel scales [M,D] that belongs to each row of x [N,D]
  def to_int8_channels(self, x: Tensor, scales: Tensor, row: Tensor) -> Tensor:
    return (self).to_int8(x, torch.index_select(scales, 0, row))

  def from_int8_channels(self, x: Tensor, scales: Tensor, row: Tensor) -> Tensor:
    return (self).from_int8(x, torch.index_select(scales, 0, row))

  # the query part of packed qkv [B,L,3C] without its bias [C] -> [B,H,L,D]; s only gives H
  def projected_query(self, qkv: Tensor, bias: Tensor, s: Tensor) -> Tensor:
    x = torch.sub(torch.to(torch.narrow(qkv, 2, 0, torch.size(bias, 0)), 6), torch.to(bias, 6))
    return torch.transpose(torch.unflatten(x, -1, [torch.size(s, 1), -1]), 1, 2)

  # softmax attention summed over the queries at index [W] (int64): q [R,H,L,D], k [R,H,T,D],
  # scale [1] on the logits -> [R,H,T]
  def window_attention(self, q: Tensor, k: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    rows = torch.mul(torch.index_select(q, 2, index), scale)
    p = torch.softmax(torch.matmul(rows, torch.transpose(k, 2, 3)), -1)
    return torch.sum(p, [2])

  # the same without softmax, logits summed
  def window_logits(self, q: Tensor, k: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    row = torch.mul(torch.sum(torch.index_select(q, 2, index), [2], True), scale)
    return torch.squeeze(torch.matmul(row, torch.transpose(k, 2, 3)), 2)

  # softmax attention summed over all queries, in blocks of queries so that at most about
  # 8 million values exist at once: q [R,H,L,D], k [R,H,T,D], scale [1] -> [R,H,T]
  def attention_columns(self, q: Tensor, k: Tensor, scale: Tensor) -> Tensor:
    kt = torch.transpose(torch.mul(k, scale), 2, 3)
    sums = torch.zeros_like(torch.select(k, 3, 0))
    step = torch.add(torch.floordiv(8388608, torch.numel(sums)), 1)
    for i in range(torch.floordiv(torch.sub(torch.add(torch.size(q, 2), step), 1), step)):
      a = torch.mul(i, step)
      s = torch.matmul(torch.slice(q, 2, a, torch.add(a, step)), kt)
      _0 = torch.add_(sums, torch.sum(torch.softmax(s, -1), [2]))
    return sums

  # change of each query's output where one key is removed, p/(1-p) |o - v|, summed over the queries
  # at index [W] (int64), in float64, head by head in blocks of queries that fit a core's cache:
  # q [R,H,L,D], k and v [R,H,T,D], scale [1] on the logits -> [R,H,T]
  def removal_errors(self, q: Tensor, k: Tensor, v: Tensor, index: Tensor, scale: Tensor) -> Tensor:
    rows = torch.flatten(torch.mul(torch.index_select(q, 2, index), scale), 0, 1)
    kt = torch.transpose(torch.flatten(k, 0, 1), 1, 2)
    v2 = torch.to(torch.flatten(v, 0, 1), 7)
    norms = torch.sum(torch.mul(v2, v2), [-1])
    sums = torch.zeros_like(norms)
    step = torch.add(torch.floordiv(131072, torch.size(norms, 1)), 1)
    blocks = torch.floordiv(torch.sub(torch.add(torch.size(rows, 1), step), 1), step)
    for h in range(torch.size(rows, 0)):
      qh = torch.select(rows, 0, h)
      kh = torch.select(kt, 0, h)
      vh = torch.select(v2, 0, h)
      vt = torch.transpose(vh, 0, 1)
      nh = torch.select(norms, 0, h)
      sh = torch.select(sums, 0, h)
      for i in range(blocks):
        a = torch.mul(i, step)
        p = torch.softmax(torch.to(torch.matmul(torch.slice(qh, 0, a, torch.add(a, step)), kh), 7), -1)
        o = torch.matmul(p, vh)
        d = torch.add(torch.sum(torch.mul(o, o), [-1], True), nh)
        d1 = torch.sqrt_(torch.clamp_min_(torch.addmm(d, o, vt, alpha=-2), 0.))
        p1 = torch.clamp_max_(p, 0.999999)
        d2 = torch.mul_(d1, p1)
        _0 = torch.add_(sh, torch.sum(torch.div_(d2, torch.add_(torch.neg_(p1), 1)), [0]))
    return torch.to(torch.reshape(sums, [torch.size(q, 0), torch.size(q, 1), -1]), 6)

  # squared change of the output, summed over queries and channels, where only keys of a rank below
  # each of limits [N] stay: q [R,H,L,D], k and v [R,H,T,D], scale [1] on the logits, rank [R,H,T] from
  # 0, or -1 for keys that always stay, at least one, as many in every head; limits ascend. Keys in the
  # order of their ranks: each limit adds those from the one before to two sums, in float64; blocks as in
  # removal_errors. Behind the N numbers the squared output itself -> [N+1,R,H]
  def ranked_cut_errors(self, q: Tensor, k: Tensor, v: Tensor, scale: Tensor, rank: Tensor, limits: Tensor) -> Tensor:
    rows = torch.flatten(torch.mul(q, scale), 0, 1)
    keys = torch.flatten(k, 0, 1)
    v2 = torch.to(torch.flatten(v, 0, 1), 7)
    ranks = torch.flatten(rank, 0, 1)
    n = torch.size(limits, 0)
    t = torch.size(ranks, 1)
    ends = annotate(List[int], [])
    for i in range(n):
      stay = torch.lt(torch.select(ranks, 0, 0), torch.select(limits, 0, i))
      _0 = torch.append(ends, int(torch.item(torch.sum(stay))))
    _1 = torch.append(ends, t)
    sums = torch.new_zeros(v2, [torch.add(n, 1), torch.size(rows, 0)])
    step = torch.add(torch.floordiv(131072, t), 1)
    blocks = torch.floordiv(torch.sub(torch.add(torch.size(rows, 1), step), 1), step)
    for h in range(torch.size(rows, 0)):
      at = torch.argsort(torch.select(ranks, 0, h))
      qh = torch.select(rows, 0, h)
      kh = torch.transpose(torch.index_select(torch.select(keys, 0, h), 0, at), 0, 1)
      vh = torch.index_select(torch.select(v2, 0, h), 0, at)
      sh = torch.select(sums, 1, h)
      for i in range(blocks):
        a = torch.mul(i, step)
        s = torch.to(torch.matmul(torch.slice(qh, 0, a, torch.add(a, step)), kh), 7)
        e = torch.exp_(torch.sub_(s, torch.amax(s, [-1], True)))
        parts = annotate(List[Tensor], [])
        start = 0
        over = torch.zeros_like(torch.matmul(torch.slice(e, 1, 0, 0), torch.slice(vh, 0, 0, 0)))
        under = torch.sum(torch.slice(e, 1, 0, 0), [1], True)
        for j in range(torch.add(n, 1)):
          end = ends[j]
          part = torch.slice(e, 1, start, end)
          over = torch.add(over, torch.matmul(part, torch.slice(vh, 0, start, end)))
          under = torch.add(under, torch.sum(part, [1], True))
          _2 = torch.append(parts, torch.div(over, under))
          start = end
        outputs = torch.stack(parts)
        o = torch.select(outputs, 0, n)
        d = torch.sub(outputs, o)
        changes = torch.slice(torch.sum(torch.mul(d, d), [1, 2]), 0, 0, n)
        _3 = torch.add_(sh, torch.cat([changes, torch.reshape(torch.sum(torch.mul(o, o)), [1])]))
    shape = [torch.add(n, 1), torch.size(q, 0), torch.size(q, 1)]
    return torch.to(torch.reshape(sums, shape), 6)

  # sums over all queries of the attention that each key draws, and of its square, in float64:
  # q [R,H,L,D], k [R,H,T,D], scale [1] softmax scale, rows [1] (int64) queries at a time -> [2,R,H,T]
  def attention_column_sums(self, q: Tensor, k: Tensor, scale: Tensor, rows: Tensor) -> Tensor:
    n = torch.size(q, 2)
    step = int(torch.item(rows))
    kt = torch.transpose(k, 2, 3)
    out = torch.new_zeros(k, [2, torch.size(k, 0), torch.size(k, 1), torch.size(k, 2)], dtype=7)
    blocks = torch.floordiv(torch.sub(torch.add(n, step), 1), step)
    for i in range(blocks):
      a = torch.mul(i, step)
      rows_i = torch.slice(q, 2, a, torch.add(a, step))
      s = torch.matmul(torch.mul(rows_i, scale), kt)
      p = torch.to(torch.softmax(s, -1), 7)
      c1 = torch.add_(torch.select(out, 0, 0), torch.sum(p, [2]))
      c2 = torch.add_(torch.select(out, 0, 1), torch.sum(torch.mul(p, p), [2]))
    return out

  # mean over heads and tokens of the cosine of each token of a map [R,H,L,D] and of the map before
  # it [R,H,L',D], enlarged bilinearly; sizes [4] (int64) rows and columns of that map, then of the
  # one before it -> [R]
  def map_cosine(self, now: Tensor, before: Tensor, sizes: Tensor) -> Tensor:
    h = int(torch.item(torch.select(sizes, 0, 0)))
    w = int(torch.item(torch.select(sizes, 0, 1)))
    h0 = int(torch.item(torch.select(sizes, 0, 2)))
    w0 = int(torch.item(torch.select(sizes, 0, 3)))
    x = torch.flatten(torch.unflatten(torch.transpose(before, 2, 3), -1, [h0, w0]), 0, 1)
    y = torch.upsample_bilinear2d(x, [h, w], False)
    z = torch.transpose(torch.flatten(y, 2), 1, 2)
    c = torch.cosine_similarity(z, torch.flatten(now, 0, 1), -1)
    return torch.mean(torch.flatten(torch.unflatten(c, 0, [torch.size(now, 0), -1]), 1), [1])

  # Llama layout. Letters: G key-value heads, T tokens held, V vocabulary.

  # x * rsqrt(mean(x^2) + eps) * weight over the last axis; eps [1]
  def rms_norm_eps(self, x: Tensor, weight: Tensor, eps: Tensor) -> Tensor:
    m = torch.mean(torch.mul(x, x), [-1], True)
    return torch.mul(torch.mul(x, torch.rsqrt(torch.add(m, eps))), weight)

  # linear without bias in the element type of like (float32 or bfloat16); float32 in and out
  def product_as(self, x: Tensor, weight: Tensor, like: Tensor) -> Tensor:
    d = ops.prim.dtype(like)
    if torch.eq(d, 6):
      y = (self).float_product(torch.to(x, d), torch.to(weight, d))
    else:
      y = torch.to(torch.linear(torch.to(x, d), torch.to(weight, d), None), 6)
    return y

  # linear without bias, float32. For 1 to 8 rows of x the weight is the left factor: as the right one
  # it would be read two to four times more slowly; a single row is doubled for the same reason
  def float_product(self, x: Tensor, weight: Tensor) -> Tensor:
    c = torch.size(weight, 1)
    rows = torch.reshape(x, [-1, c])
    m = torch.size(rows, 0)
    if torch.gt(m, 8):
      y = torch.linear(x, weight, None)
    else:
      if torch.eq(m, 1):
        r = torch.cat([rows, rows], 0)
      else:
        r = torch.contiguous(rows)
      z = torch.transpose(torch.matmul(weight, torch.transpose(r, 0, 1)), 0, 1)
      shape = torch.add(torch.slice(torch.size(x), 0, -1, 1), [torch.size(weight, 0)])
      y = torch.reshape(torch.narrow(z, 0, 0, m), shape)
    return y

  # [B,L,H*D] -> [B,H,L,D]; like [L,D] gives D
  def heads_like(self, x: Tensor, like: Tensor) -> Tensor:
    return torch.transpose(torch.unflatten(x, -1, [-1, torch.size(like, 1)]), 1, 2)

  # [B,L,H*D] -> [B,H,L,D], column i turned with column i + D/2 by cos and sin [L,D]
  def rotary_heads(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    y = (self).heads_like(x, cos)
    h = torch.floordiv(torch.size(y, 3), 2)
    z = torch.cat([torch.neg(torch.narrow(y, 3, h, h)), torch.narrow(y, 3, 0, h)], -1)
    return torch.add(torch.mul(y, cos), torch.mul(z, sin))

  # causal attention, softmax scale 1/sqrt(D), query head h on key-value head h / (H/G): q [B,H,L,D]
  # of the last L of T tokens, k and v [B,G,T,D] -> [B,H,L,D]
  def causal_attention(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    n = torch.size(q, 2)
    t = torch.size(k, 2)
    group = torch.floordiv(torch.size(q, 1), torch.size(k, 1))
    if torch.eq(n, t):
      kx = torch.repeat_interleave(k, group, 1)
      vx = torch.repeat_interleave(v, group, 1)
      out = torch.scaled_dot_product_attention(q, kx, vx, None, 0., True)
    else:
      rows = torch.flatten(torch.unflatten(q, 1, [-1, group]), 2, 3)
      full = torch.new_full(q, [n, t], -3.4028234663852886e+38)
      mask = torch.repeat(torch.triu(full, torch.add(torch.sub(t, n), 1)), [group, 1])
      o = torch.scaled_dot_product_attention(rows, k, v, mask)
      out = torch.flatten(torch.unflatten(o, 2, [group, n]), 1, 2)
    return out

  # attention with an additive mask [B,1,L,T], query heads in groups as above: q [B,H,L,D], k and v
  # [B,G,T,D] -> [B,H,L,D]
  def masked_attention(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    n = torch.size(q, 2)
    group = torch.floordiv(torch.size(q, 1), torch.size(k, 1))
    rows = torch.flatten(torch.unflatten(q, 1, [-1, group]), 2, 3)
    o = torch.scaled_dot_product_attention(rows, k, v, torch.repeat(mask, [1, 1, group, 1]))
    return torch.flatten(torch.unflatten(o, 2, [group, n]), 1, 2)

  # attention for tokens from at [1] (int64) on, whose keys and values k and v [B,G,L,D] are first
  # written into keys and values [B,G,capacity,D]; causal if the mask is empty
  def cached_attention(self, q: Tensor, k: Tensor, v: Tensor, keys: Tensor, values: Tensor, at: Tensor, mask: Tensor) -> Tensor:
    a = int(torch.item(at))
    n = torch.size(k, 2)
    c1 = torch.copy_(torch.narrow(keys, 2, a, n), k)
    c2 = torch.copy_(torch.narrow(values, 2, a, n), v)
    t = torch.add(a, n)
    kt = torch.narrow(keys, 2, 0, t)
    vt = torch.narrow(values, 2, 0, t)
    if torch.eq(torch.numel(mask), 0):
      o = (self).causal_attention(q, kt, vt)
    else:
      d = ops.prim.dtype(keys)
      o = torch.to((self).masked_attention(torch.to(q, d), kt, vt, torch.to(mask, d)), 6)
    return o

  # one layer: x [B,L,C], like the element type of products, eps [1], cos and sin [L,D] of the L
  # tokens, keys and values of the tokens before them, their number at and a mask (all four empty
  # where there are none), norm, query, key, value, output, norm, gate, up, down -> [B,L,C]
  def llama_layer(self, x: Tensor, like: Tensor, eps: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, at: Tensor, mask: Tensor, n1: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, wo: Tensor, n2: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    y = (self).rms_norm_eps(x, n1, eps)
    q = (self).rotary_heads((self).product_as(y, wq, like), cos, sin)
    k = (self).rotary_heads((self).product_as(y, wk, like), cos, sin)
    v = (self).heads_like((self).product_as(y, wv, like), cos)
    if torch.eq(torch.size(at, 0), 0):
      o = (self).causal_attention(q, k, v)
    else:
      o = (self).cached_attention(q, k, v, keys, values, at, mask)
    return (self).llama_layer_end(x, o, like, eps, wo, n2, gate, up, down)

  # the part of a layer behind its attention o [B,H,L,D]: residual x [B,L,C] -> [B,L,C]
  def llama_layer_end(self, x: Tensor, o: Tensor, like: Tensor, eps: Tensor, wo: Tensor, n2: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    z = torch.add(x, (self).product_as((self).merge_heads(o), wo, like))
    n = (self).rms_norm_eps(z, n2, eps)
    g = torch.silu((self).product_as(n, gate, like))
    u = torch.mul(g, (self).product_as(n, up, like))
    return torch.add(z, (self).product_as(u, down, like))

  # input of the EAGLE layer: linear of the embedding of ids [B,L] (int64) beside the states [B,L,C],
  # table [V,C], fc [C,2C] -> [B,L,C]
  def eagle_input(self, states: Tensor, ids: Tensor, table: Tensor, fc: Tensor, like: Tensor) -> Tensor:
    return (self).product_as(torch.cat([torch.embedding(table, ids), states], -1), fc, like)

  # attention of the J-th drafted token of every chain of a sequence at once. Row i of q [1,H,L,D] sees
  # keys k [1,G,L,D] of the tokens up to i - J, which the target has verified, and of the chain's own
  # tokens: row i - J + m of chain keys kc [J,G,L,D] at its m-th place -> [1,H,L,D]
  def chain_attention(self, q: Tensor, k: Tensor, v: Tensor, kc: Tensor, vc: Tensor) -> Tensor:
    n = torch.size(q, 2)
    depth = torch.size(kc, 0)
    group = torch.floordiv(torch.size(q, 1), torch.size(k, 1))
    rows = torch.unflatten(torch.squeeze(q, 0), 0, [-1, group])
    scale = torch.div(1., torch.sqrt(torch.size(q, 3)))
    s = torch.mul(torch.matmul(rows, torch.transpose(torch.unsqueeze(torch.squeeze(k, 0), 1), 2, 3)), scale)
    full = torch.new_full(q, [n, n], -1e30)
    parts = [torch.add(s, torch.triu(full, torch.sub(1, depth)))]
    for m in range(depth):
      km = torch.roll(torch.select(kc, 0, m), [torch.sub(torch.sub(depth, m), 1)], [1])
      dot = torch.sum(torch.mul(rows, torch.unsqueeze(km, 1)), [-1], True)
      _0 = torch.append(parts, torch.mul(dot, scale))
    p = torch.softmax(torch.cat(parts, -1), -1)
    o = torch.matmul(torch.narrow(p, 3, 0, n), torch.unsqueeze(torch.squeeze(v, 0), 1))
    for m in range(depth):
      vm = torch.roll(torch.select(vc, 0, m), [torch.sub(torch.sub(depth, m), 1)], [1])
      w = torch.narrow(p, 3, torch.add(n, m), 1)
      _1 = torch.add_(o, torch.mul(w, torch.unsqueeze(vm, 1)))
    return torch.unsqueeze(torch.flatten(o, 0, 1), 0)

  # mean cross-entropy in nats against the softmax of other logits: both [N,V]
  def soft_cross_entropy(self, logits: Tensor, target: Tensor) -> Tensor:
    return torch.cross_entropy_loss(logits, torch.softmax(torch.detach(target), -1), None, 1, -100, 0.)

  # Huber loss with threshold 1, mean over all numbers
  def smooth_l1(self, x: Tensor, y: Tensor) -> Tensor:
    return torch.smooth_l1_loss(x, torch.detach(y), 1, 1.)

  # most likely token of states x [N,C]: the 16 best by a head [V,C] of any element type, judged by the
  # float32 head -> [N] (int64)
  def greedy_tokens(self, x: Tensor, fast: Tensor, head: Tensor) -> Tensor:
    logits = torch.linear(torch.to(x, ops.prim.dtype(fast)), fast, None)
    v, i, = torch.topk(logits, 16)
    rows = torch.reshape(torch.index_select(head, 0, torch.flatten(i)), [torch.size(x, 0), -1, torch.size(x, 1)])
    best = torch.argmax(torch.squeeze(torch.matmul(rows, torch.unsqueeze(x, 2)), 2), -1, True)
    return torch.squeeze(torch.gather(i, 1, best), 1)

  # mean cross-entropy in nats: logits [N,V], targets [N] (int64)
  def cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
    return torch.cross_entropy_loss(logits, targets, None, 1, -100, 0.)

  # sum of all numbers as float32: finite only if each of them is -> []
  def total(self, x: Tensor) -> Tensor:
    return torch.to(torch.sum(x), 6)

  # smallest and largest number, NaN where there is one: x of any shape -> [2] float32
  def extremes(self, x: Tensor) -> Tensor:
    least, most, = torch.aminmax(x)
    return torch.to(torch.stack([least, most]), 6)

  # of the numbers from range[0] on, range[1] of them (int64): how many are NaN, how many infinite,
  # and where the first of these is, counted from the first of the part -> [3] int64
  def not_finite(self, x: Tensor, range: Tensor) -> Tensor:
    first = int(torch.item(torch.select(range, 0, 0)))
    count = int(torch.item(torch.select(range, 0, 1)))
    part = torch.narrow(torch.flatten(x), 0, first, count)
    nan = torch.isnan(part)
    infinite = torch.isinf(part)
    odd = torch.to(torch.logical_or(nan, infinite), 1)
    return torch.stack([torch.sum(nan), torch.sum(infinite), torch.argmax(odd)])

  # sum of the singular values of x [N,M], as [1]
  def nuclear_norm(self, x: Tensor) -> Tensor:
    return torch.reshape(torch.sum(torch.linalg_svdvals(x)), [1])
