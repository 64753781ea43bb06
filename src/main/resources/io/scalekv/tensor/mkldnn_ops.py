# Products of oneDNN with weights in its own layout, for inference alone: no autograd. Absent from a
# libtorch that was built without oneDNN. Letters and form as in torch_ops.py; O is the output width.


class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # weight [O,C] in the layout that suits products with some rows of x -> opaque, [O,C] seen from
  # outside; rows [1] (int64)
  def pack_weight(self, weight: Tensor, rows: Tensor) -> Tensor:
    return ops.mkldnn._reorder_linear_weight(weight, int(torch.item(rows)))

  # x [..,C], packed weight [O,C], bias [O] -> [..,O]
  def packed_linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "none", annotate(List[Optional[number]], []), "")

  # the same with GELU in its tanh form behind it
  def packed_linear_gelu(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return ops.mkldnn._linear_pointwise(x, weight, bias, "gelu", annotate(List[Optional[number]], []), "tanh")
