"""Recorder of the self-attention of visual autoregressive models (VAR, Infinity, HART, Switti-AR, ...).

One file, PyTorch 2.1 or newer, nothing else. Part of ScaleKV Lab, which reads what it writes:

    from record import Recorder

    with Recorder(model, "traces/", schedule=[(1, 1), (2, 2), ...]) as r:
        for i, prompt in r.todo(prompts):           # those not recorded yet
            with r.prompt(i, prompt, seed=i):       # one generation; lists for a batch of prompts
                generate(model, prompt)

    ./scalekv calibrate --traces traces/ --budget 10%

How it works. For the time of a prompt, forward hooks on the attention modules say which layer runs, and four functions
(scaled_dot_product_attention, slow_attn, flash_attn_func, memory_efficient_attention) are replaced, wherever a loaded file
holds them, by the same function plus a recording. So q, k and v are seen as attention uses them. What the model computes is
the same bit by bit, random numbers included; afterwards hooks and replacements are gone, whatever happened.

What is checked, with an error of one line: tokens, calls and rows against the schedule; that the newest keys follow the
unchanged keys of the earlier maps (no cut, quantised or re-rotated cache: record the full one, policies are replayed later);
that there is no mask, causality, window or dropout; and, for 3 rows of one head of every call, that softmax(scale q k') v of
what is recorded is what the module computed.

Read on at Recorder (a directory), _Generation (watches and checks attention), and where it goes: _Tensors or _Statistics.
"""

import contextlib
import ctypes
import functools
import importlib
import inspect
import json
import math
import os
import shutil
import struct
import sys
import types

import torch

# Functions that are watched, and whether their tensors are [B, L, H, D] (else [B, H, L, D]).
FUNCTIONS = {
    "scaled_dot_product_attention": False, "slow_attn": False, "flash_attn_func": True, "memory_efficient_attention": True,
}
BUILT_IN = "query key value attn_mask dropout_p is_causal scale enable_gqa".split()  # parameters of PyTorch's own
# Arguments that change attention, with their values when they are off; None is off too.
OFF = {"is_causal": (False,), "causal": (False,), "dropout_p": (0,), "p": (0,), "softcap": (0,), "alibi_slopes": (),
       "window_size": ((-1, -1), [-1, -1])}
TYPES = {torch.float32: ("float32", "F32"), torch.float16: ("float16", "F16"), torch.bfloat16: ("bfloat16", "BF16")}
GUIDANCE = ["rows", "rows-uncond-first", "passes", "none"]
WORST_ERROR = 0.05  # largest relative error of recomputed attention
TOP_SHARE = 5  # percent of the earlier keys in the top-K' sum
SINKS = 5  # first keys that count as attention sinks
SORTED_ROWS = 8  # rows of the Gini coefficient
STATISTICS = (
    "current-mass history-topk entropy effective-keys history-entropy history-effective-keys current-entropy"
    " current-effective-keys gini sink-mass current-distance distance branch-drift cut-error cut-change"
).split()
BLOCK = 1 << 22  # attention values that are held at a time


class RecordingError(ValueError):
    """Attention that cannot be recorded; one line."""


class Recorder(contextlib.AbstractContextManager):
    """Recorder of a model's self-attention into a directory; a directory is continued where it was left.

    model       the model, not compiled; `attention` is the name of its self-attention class (or of a base class of it)
    directory   holds one recording; use another directory for another recording
    schedule    token maps of a generation, (h, w) or (1, h, w)
    queries     "all", or how many rows of each map, drawn with samplingSeed
    values      whether v is recorded: error curves and replay need it
    dtype       "model" loses nothing; or float32, float16, bfloat16
    branches    "cond" or "both" branches of guidance
    guidance    "rows": conditional, then unconditional rows of one call; "rows-uncond-first"; "passes": a conditional call,
                then an unconditional one; "none"
    statistics  whether statistics are computed here in place of q, k and v: 1000 times smaller, no error curves, no replay
    info        facts to keep: guidanceStrength, weightsSha256, rotaryReference ([h, w] of rotary positions), ...
    """

    def __init__(self, model, directory, schedule, attention="SelfAttention", queries="all", values=True, dtype="model",
                 branches="cond", guidance="rows", statistics=False, info=None, samplingSeed=0):
        names = ["model", *(name for name, _ in TYPES.values())]
        maps = [tuple(m)[1:] if len(m) == 3 and m[0] == 1 else tuple(m) for m in schedule]
        _check(sys.byteorder == "little", "byte order must be little, got", sys.byteorder)
        _check(isinstance(model, torch.nn.Module), "model must be a torch.nn.Module, got", type(model).__name__)
        _check(maps and all(len(m) == 2 and min(m) > 0 for m in maps), "schedule must be maps (h, w), got", list(schedule))
        _check(queries == "all" or (type(queries) is int and queries > 0), 'queries must be "all" or a number, got', queries)
        choices = {"dtype": (dtype, names), "branches": (branches, ["cond", "both"]), "guidance": (guidance, GUIDANCE)}
        for key, (value, allowed) in choices.items():
            _check(value in allowed, f"{key} must be one of {allowed}, got", value)
        _check(branches == "cond" or guidance != "none", 'branches must be "cond" without guidance, got', branches)
        for m in model.modules():
            compiled = (hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) is not None
                        or hasattr(m.forward, "_torchdynamo_orig_callable"))
            _check(not compiled, "model must not be compiled (record the uncompiled one), got a compiled", type(m).__name__)
        self.layers = [m for m in model.modules() if any(c.__name__ == attention for c in type(m).__mro__)]
        _check(self.layers, "attention must be the name of a class in the model, got", attention)
        self.directory, self.maps = os.fspath(directory), [(int(h), int(w)) for h, w in maps]
        self.tokens = [h * w for h, w in self.maps]
        self.starts = [sum(self.tokens[:s]) for s in range(len(self.tokens) + 1)]
        self.both, self.uncond_first = branches == "both", guidance == "rows-uncond-first"
        self.passes = 2 if guidance == "passes" else 1  # calls of a layer for a map
        name = next(c.__name__ for c in type(model).__mro__ if not c.__name__.startswith("FSDP"))
        self.manifest = {  # what is None is known at the first call
            "format": "scalekv-trace", "version": 1, "form": "statistics" if statistics else "tensors", "model": name,
            "family": name.lower(), "layers": len(self.layers), "heads": None, "headWidth": None, "softmaxScale": None,
            "schedule": [list(m) for m in self.maps], "guidance": guidance, "branches": branches, "queries": queries,
            "values": values and not statistics, "dtype": None if dtype == "model" else dtype, "samplingSeed": samplingSeed,
            "checkError": 0.0, "torch": str(torch.__version__), "info": json.loads(json.dumps(info or {})), "prompts": [],
        }
        self.dtype = next((t for t, (name, _) in TYPES.items() if name == dtype), None)
        self.said, self.running = False, None
        self.read()

    def __exit__(self, *_):
        pass

    def todo(self, prompts):
        """Yields (index, prompt) of those that are not recorded yet."""
        done = {p["index"] for p in self.manifest["prompts"]}
        return ((i, prompt) for i, prompt in enumerate(prompts) if i not in done)

    @contextlib.contextmanager
    def prompt(self, index, prompt, seed=0):
        """Records one generation; index, prompt and seed are lists where several prompts are drawn as a batch."""
        if not isinstance(index, (list, tuple)):
            index, prompt, seed = [index], [prompt], [seed]
        seed = list(seed) if isinstance(seed, (list, tuple)) else [seed] * len(index)
        self.read()
        done = [p["index"] for p in self.manifest["prompts"]]
        _check(len(index) == len(prompt) == len(seed) > 0, "index, prompt and seed must be equally long, got", index)
        _check(min(index) >= 0 and len({*done, *index}) == len(done) + len(index), "index must be new (see todo), got", index)
        _check(self.running is None, "prompts must be recorded one after the other, got", index)
        run = self.running = _Generation(self, [(int(i), str(p), int(s)) for i, p, s in zip(index, prompt, seed)])
        try:
            with run.watching():
                yield self
            run.finish()
        finally:
            run.abandon()
            self.running = None

    def read(self):
        """Takes over the prompts of a directory that holds the same recording."""
        path = os.path.join(self.directory, "trace.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                found = json.load(f)
            own = self.manifest.keys() - {"checkError", "torch", "prompts"}
            self.agree({key: found.get(key) for key in own}, f"{path} is of another recording: ")
            self.manifest["prompts"], self.manifest["checkError"] = found["prompts"], found["checkError"]

    def agree(self, facts, where=""):
        """Completes the manifest; what it knows must be the same."""
        for key, value in facts.items():
            known = self.manifest[key] = value if self.manifest[key] is None else self.manifest[key]
            _check(known == value, f"{where}{key} must be {known}, got", value)

    def write(self, prompts):
        """Lists recorded prompts."""
        self.manifest["prompts"] = sorted(self.manifest["prompts"] + prompts, key=lambda prompt: prompt["index"])
        path = os.path.join(self.directory, "trace.json")
        lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in self.manifest.items())
        file = open(f"{path}.{os.getpid()}.part", "w", encoding="utf-8")
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
        _complete(file, path)

    def make_room(self, size, prompts):
        """Makes the directory; says, once, what a prompt takes, and checks that there is room."""
        os.makedirs(self.directory, exist_ok=True)
        m, free = self.manifest, shutil.disk_usage(self.directory).free
        if not self.said:
            shape = f"{m['layers']} layers, {m['heads']} heads of {m['headWidth']}, {m['dtype']}"
            print(f"record: {m['model']}, {shape}: {_bytes(size)} a prompt, {_bytes(free)} free", file=sys.stderr)
        self.said = True
        _check(free > size * prompts, f"{self.directory} must have room for {_bytes(size * prompts)}, got", _bytes(free))

    def draw(self, prompt, layer, scale, of_all=0):
        """Draws the query rows of a map; `of_all` of them where all are recorded."""
        count = of_all if self.manifest["queries"] == "all" else self.manifest["queries"]
        return draw_rows(self.manifest["samplingSeed"], prompt, layer, scale, self.tokens[scale], count)


class _Generation:
    """One generation of one or several prompts: watches attention, checks every call and hands it to a sink."""

    def __init__(self, recorder, prompts):
        self.r, self.prompts, self.error, self.sink, self.files = recorder, prompts, None, None, []
        self.layer = None  # that runs
        self.busy = False  # inside a watched function
        self.seen = False  # whether the layer has called one
        self.calls = [0] * len(recorder.layers)
        self.sums = {}  # (layer, pass, k or v) -> sums over the tokens so far, and of their magnitudes

    @contextlib.contextmanager
    def watching(self):
        """Puts hooks and stand-ins in place, and takes them away."""
        with contextlib.ExitStack() as undo:
            for i, m in enumerate(self.r.layers):
                _load_imported(m)
                undo.callback(m.register_forward_pre_hook(functools.partial(self._enter, i)).remove)
                undo.callback(m.register_forward_hook(self._leave).remove)
            undo.callback(self._restore)
            stand_ins = {}
            for module, name, function, kind in list(_find_functions()):
                _check(not hasattr(function, "_original"), "recorder must be the only one that runs, got two for", name)
                setattr(module, name, stand_ins.setdefault(id(function), self._stand_in(function, kind)))
            yield

    def _restore(self):
        for module, name, function, _ in _find_functions():  # also where a file loaded meanwhile took one over
            if getattr(function, "_owner", None) is self:
                setattr(module, name, function._original)

    def _enter(self, layer, *_):
        self.layer, self.seen = layer, False

    def _leave(self, *_):
        if not self.error:
            must = f"layer {self.layer}: attention must call one of {sorted(FUNCTIONS)}, got"
            self._guard(_check, self.seen, must, "none")
        self.layer = None

    def _stand_in(self, function, kind):
        try:
            parameters = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            parameters = BUILT_IN

        @functools.wraps(function)
        def stand_in(*args, **kwargs):
            if self.layer is None or self.busy or self.error:
                return function(*args, **kwargs)
            self.busy = True
            try:
                out = function(*args, **kwargs)
                self._guard(self._call, {**dict(zip(parameters, args)), **kwargs}, out, FUNCTIONS[kind])
                return out
            finally:
                self.busy = False

        stand_in._owner, stand_in._original = self, function
        return stand_in

    def _guard(self, function, *args):
        """Keeps the first error, which the caller may swallow."""
        try:
            function(*args)
        except BaseException as e:
            self.error = e
            raise

    @torch.no_grad()
    def _call(self, given, out, tokens_first):
        """Checks one call of attention and hands its rows to the sink."""
        r, layer, batch = self.r, self.layer, len(self.prompts)
        out = out[0] if isinstance(out, tuple) else out
        tensors = [*(given.get(name, given.get(name[0])) for name in ("query", "key", "value")), out]
        must = f"layer {layer}: q, k, v and the output must be tensors of 4 axes, got"
        _check(all(isinstance(x, torch.Tensor) and x.dim() == 4 for x in tensors), must, [type(x).__name__ for x in tensors])
        q, k, v, out = (x.transpose(1, 2) for x in tensors) if tokens_first else tensors
        scale, second = self._place(layer)  # second: the unconditional pass
        at = f"layer {layer} scale {scale + 1} ({r.maps[scale][0]}x{r.maps[scale][1]})"
        factor = given.get("scale", given.get("softmax_scale"))
        factor = 1 / math.sqrt(q.shape[3]) if factor is None else float(factor)
        dtype = r.dtype or out.dtype
        _check(dtype in TYPES, f"{at}: type of attention must be float32, float16 or bfloat16, got", dtype)
        self._check_plain(at, given)
        self._check_shapes(at, scale, q, k, v)
        r.agree({"heads": q.shape[1], "headWidth": q.shape[3], "softmaxScale": factor, "dtype": TYPES[dtype][0]})
        with torch.autocast(q.device.type, enabled=False):
            for name, x in (("keys", k), ("values", v)):
                self._check_prefix(f"{at}: cached {name}", (layer, second, name), x, r.starts[scale])
            self._check_output(at, q, k, v, out, factor, dtype)
            if not self.sink:
                self._open()
            first, other = (batch, 0) if r.uncond_first and len(q) > batch else (0, batch)
            for p in range(batch):
                rows = {} if second else {"c": first + p}
                if r.both and (second or len(q) > batch):
                    rows["u"] = p if second else other + p
                branches = {branch: (q[row], k[row], v[row]) for branch, row in rows.items()}
                self.sink.add(self.files[p], self.prompts[p][0], layer, scale, branches, factor, dtype)

    def _open(self):
        """Begins the files, at the first call."""
        self.sink = (_Statistics if self.r.manifest["form"] == "statistics" else _Tensors)(self.r)
        self.r.make_room(self.sink.size, len(self.prompts))
        for prompt in self.prompts:
            path = os.path.join(self.r.directory, f"{self.sink.name}-{prompt[0]:05d}.safetensors")
            source = {self.sink.source + key: value for key, value in zip(("index", "prompt", "seed"), prompt)}
            self.files.append(_File(path, {**self.sink.metadata, **source}, self.sink.entries))

    def _place(self, layer):
        """Counts a call; returns its scale, and whether it is the unconditional pass."""
        call, most = self.calls[layer], self.r.passes * len(self.r.maps)
        _check(not self.seen, f"layer {layer}: attention must be called once by the module, got", "more")
        _check(call < most, f"layer {layer}: calls must be {most} by the schedule, got", call + 1)
        ordered = call or all(self.calls[:layer]) and not any(self.calls[layer:])
        _check(ordered, f"layer {layer}: modules must be called in the order of model.modules(), got", self.calls)
        self.seen = True
        self.calls[layer] += 1
        return divmod(call, self.r.passes)

    def _check_plain(self, at, given):
        mask = given.get("attn_mask", given.get("attn_bias"))
        zero = mask is None or (isinstance(mask, torch.Tensor) and mask.dtype != torch.bool and not mask.any())
        _check(zero, f"{at}: attention must have no mask, got", "one")
        for name in OFF.keys() & given.keys():
            _check(given[name] in (None, *OFF[name]), f"{at}: {name} must be off, got", given[name])

    def _check_shapes(self, at, scale, q, k, v):
        tokens, end, batch = self.r.tokens[scale], self.r.starts[scale + 1], len(self.prompts)
        _check(q.shape[2] == tokens, f"{at}: queries must be {tokens}, got", tuple(q.shape))
        cached = "the full cache must be on, with nothing cut"
        _check(k.shape[2] == v.shape[2] == end, f"{at}: keys must be {end} ({cached}), got", k.shape[2])
        sizes = (batch, 2 * batch) if self.r.manifest["guidance"].startswith("rows") else (batch,)
        _check(len(q) in sizes, f"{at}: batch rows must be {' or '.join(map(str, sizes))}, got", len(q))
        rest = [(*x.shape[:2], x.shape[3]) for x in (q, k, v)]
        _check(len(set(rest)) == 1, f"{at}: rows, heads and widths of q, k and v must be the same, got", rest)

    def _check_prefix(self, what, key, x, start):
        """The earlier tokens [B, H, start, D] must be those of the earlier calls: sums by head and channel."""
        new = x[:, :, start:]
        total = [new.sum(2, dtype=torch.float32), torch.linalg.vector_norm(new, 1, 2, dtype=torch.float32)]
        if start:  # the rows of the conditional branch alone, where guidance has ended
            own = slice(-len(x), None) if self.r.uncond_first else slice(len(x))
            before, magnitude = (sums[own] for sums in self.sums[key])
            same = (x[:, :, :start].sum(2, dtype=torch.float32) - before).abs() <= 1e-5 * magnitude + 1e-30
            _check(same.all(), f"{what} must be those of the earlier maps, got", "others")
            total = [before + total[0], magnitude + total[1]]
        self.sums[key] = total

    def _check_output(self, at, q, k, v, out, factor, dtype):
        """Three rows of one head, the heads in turn, must be what the module computed."""
        call = sum(self.calls)
        row, head = call // q.shape[1] % q.shape[0], call % q.shape[1]
        rows = torch.tensor(sorted({0, q.shape[2] // 2, q.shape[2] - 1}), device=q.device)
        a, b, c = (x[row, head].to(dtype).double() for x in (q[:, :, rows], k, v))
        wanted = torch.softmax(factor * a @ b.T, -1) @ c
        error = out[row, head, rows].double() - wanted
        error = (torch.linalg.norm(error) / torch.linalg.norm(wanted).clamp_min(1e-30)).item()
        must = f"{at} head {head}: recomputed attention must be the module's within {WORST_ERROR:.0%}, got"
        _check(error <= WORST_ERROR, must, f"{error:.1%} off")
        self.r.manifest["checkError"] = max(self.r.manifest["checkError"], error)

    def finish(self):
        if self.error:
            raise self.error
        must = self.r.passes * len(self.r.maps)
        for layer, calls in enumerate(self.calls):
            _check(calls == must, f"layer {layer}: calls must be {must} by the schedule, got", calls)
        done = []
        for (index, prompt, seed), file in zip(self.prompts, self.files):
            self.sink.finish(file, index)
            done.append({"index": index, "prompt": prompt, "seed": seed, "file": file.finish()})
        self.r.write(done)

    def abandon(self):
        for file in self.files:
            file.abandon()


class _Tensors:
    """Sink that writes the queries, keys and values of every call."""

    name, source, metadata = "prompt", "", {}

    def __init__(self, recorder):
        self.r, m, branches = recorder, recorder.manifest, 1 + recorder.both
        self.sampled = m["queries"] != "all"
        rows = sum(min(n, m["queries"]) if self.sampled else n for n in recorder.tokens)
        tokens = branches * (rows + recorder.starts[-1] * (1 + m["values"]))
        self.size = m["layers"] * m["heads"] * tokens * m["headWidth"] * (4 if m["dtype"] == "float32" else 2)
        self.entries = m["layers"] * len(recorder.maps) * (3 * branches + 1)

    def add(self, file, prompt, layer, scale, branches, factor, dtype):
        """Writes q, k and v [H, tokens, D] of each branch."""
        start = self.r.starts[scale]
        rows = torch.tensor(self.r.draw(prompt, layer, scale)) if self.sampled else slice(None)
        for branch, (q, k, v) in branches.items():
            for part, x in {"q": q[:, rows], "k": k[:, start:], "v": v[:, start:]}.items():
                if part != "v" or self.r.manifest["values"]:
                    file.write(f"{layer}.{scale}.{branch}.{part}", TYPES[dtype][1], x, dtype)
        if self.sampled and "c" in branches:
            file.write(f"{layer}.{scale}.rows", "I32", rows, torch.int32)

    def finish(self, file, prompt):
        pass


class _Statistics:
    """Sink that reduces the attention of every call to means over its query rows, in float64."""

    name, source, entries = "stats", "source.", 3

    def __init__(self, recorder):
        self.r, m, maps, every = recorder, recorder.manifest, recorder.maps, 2**31 - 1
        self.columns = STATISTICS + [f"source-mass-{s}" for s in range(len(maps))]
        self.shape = (2, m["layers"], len(maps), m["heads"] + 1, len(self.columns))  # 2 branches
        self.size, self.guided = 8 * math.prod(self.shape), False
        self.tables = {}  # by prompt
        self.waiting = {}  # (prompt, layer) -> the conditional pass
        self.metadata = {
            "format": "scalekv-statistics", "version": 1, "layers": m["layers"], "heads": m["heads"],
            "schedule": " ".join(f"{h}x{w}" for h, w in maps), "statistics": " ".join(self.columns),
            "querySamples": every if m["queries"] == "all" else m["queries"], "detailRows": every, "sortedRows": SORTED_ROWS,
            "samplingSeed": m["samplingSeed"], "historyTopK": f"{TOP_SHARE}%", "sinkTokens": SINKS,
            "unconditional": str(recorder.both).lower(), "cutTokens": 0,
        }

    def add(self, file, prompt, layer, scale, branches, factor, dtype):
        """Measures the attention of each branch."""
        branches = {**self.waiting.pop((prompt, layer), {}), **branches}
        if self.r.passes == 2 and self.r.both and "u" not in branches:
            self.waiting[prompt, layer] = branches  # until the unconditional call
        elif branches:
            self.guided = self.guided or "u" in branches
            table = self.tables.setdefault(prompt, torch.full(self.shape, math.nan, dtype=torch.float64))
            self._count(table[:, layer, scale], prompt, layer, scale, list(branches.values()), factor, dtype)

    def _count(self, table, prompt, layer, scale, branches, factor, dtype):
        """Fills a table [branch, head, column] of a call."""
        def attention(q, k, _, rows):  # of every head, and their mean: [H + 1, n, T]
            x = torch.softmax(factor * q[:, rows].to(dtype).double() @ k.to(dtype).double().mT, -1)
            return torch.cat((x, x.mean(0, keepdim=True)))

        heads, n, _ = branches[0][1].shape  # of the keys
        rows = self.r.draw(prompt, layer, scale, SORTED_ROWS)
        if self.r.manifest["queries"] == "all":
            rows += sorted(set(range(self.r.tokens[scale])) - set(rows))
        rows = torch.tensor(rows, device=branches[0][1].device)
        size, values = max(1, BLOCK // ((heads + 1) * n)), [[] for _ in branches]
        for at, some in zip(range(0, len(rows), size), rows.split(size)):
            maps = [attention(*branch, some) for branch in branches]
            for x, measured in zip(maps, values):
                measured.append(self._measure(scale, x, some))
            if len(maps) == 2:
                values[0][-1][..., self.columns.index("branch-drift")] = (maps[0] - maps[1]).abs().sum(-1) / 2
            if at < SORTED_ROWS:
                x = maps[0][:, :SORTED_ROWS - at].sort(-1).values
                gini = (x @ torch.arange(1 - n, n, 2, dtype=x.dtype, device=x.device)) / (n * x.sum(-1))
                values[0][-1][:, :SORTED_ROWS - at, self.columns.index("gini")] = gini
        for b, measured in enumerate(values):
            table[b] = torch.cat(measured, 1).nanmean(1)

    def _measure(self, scale, p, rows):
        """Statistics of softmax rows p [H + 1, n, T] -> [H + 1, n, columns]; NaN where undefined."""
        start, starts, maps = self.r.starts[scale], self.r.starts, self.r.maps

        def by_map(x):  # sums over the keys of each map, [maps, H + 1, n]
            return torch.stack([x[..., starts[s]:starts[s + 1]].sum(-1) for s in range(scale + 1)])

        sums = torch.stack([by_map(p), by_map(torch.special.xlogy(p, p)), by_map(p * _distances(maps, scale, rows))])
        undefined, values = torch.full_like(sums[0, 0], math.nan), {}
        for name, part in (("", slice(None)), ("history-", slice(0, -1)), ("current-", slice(-1, None))):
            mass, p_log_p, far = sums[:, part].sum(1)
            mass = torch.where(mass >= 1e-30, mass, math.nan)
            entropy = (mass.log() - p_log_p / mass).clamp_min(0)
            values[f"{name}entropy"], values[f"{name}effective-keys"] = entropy, entropy.exp()
            values[f"{name}distance"] = far / mass
        values["current-mass"] = sums[0, -1]
        if start:
            values["history-topk"] = p[..., :start].topk(-(-TOP_SHARE * start // 100), sorted=False).values.sum(-1)
            values["sink-mass"] = p[..., :min(SINKS, start)].sum(-1)
        for s in range(len(maps)):
            values[f"source-mass-{s}"] = sums[0, s] if s <= scale else torch.zeros_like(undefined)
        return torch.stack([values.get(name, undefined) for name in self.columns], -1)

    def finish(self, file, prompt):
        file.write(f"prompt.{prompt}", "F64", self.tables[prompt], torch.float64)
        file.write("prompts", "I32", torch.tensor([prompt]), torch.int32)
        file.write("guided", "I32", torch.tensor([int(self.guided)]), torch.int32)


class _File:
    """Safetensors file written tensor by tensor; it gets its name when it is complete."""

    def __init__(self, path, metadata, entries):
        self.path, self.header, self.size = path, {"__metadata__": {k: str(v) for k, v in metadata.items()}}, 0
        self.room = (len(json.dumps(self.header)) + 120 * entries + 7) // 8 * 8
        self.file = open(os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.part"), "wb")
        self.file.seek(8 + self.room)

    def write(self, name, kind, tensor, dtype):
        start = self.size
        for part in tensor if tensor.dim() == 3 else [tensor]:  # head by head: a copy of one head on the GPU
            part = part.to(dtype).contiguous().cpu()
            self.file.write((ctypes.c_char * part.nbytes).from_address(part.data_ptr()))
            self.size += part.nbytes
        self.header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, self.size]}

    def finish(self):
        text = json.dumps(self.header, separators=(",", ":")).encode()
        _check(len(text) <= self.room, f"{self.path}: header must have at most {self.room} bytes, got", len(text))
        self.file.seek(0)
        self.file.write(struct.pack("<Q", self.room) + text.ljust(self.room))
        _complete(self.file, self.path)
        return os.path.basename(self.path)

    def abandon(self):
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.file.name)


def draw_rows(seed, prompt, layer, scale, tokens, count):
    """Draws rows of a map without replacement, as `scalekv calibrate` does (SplitMix64); in the order of the draw."""
    mask, gamma = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(z):
        z &= mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    state = mix(seed)
    for number in (prompt, layer, scale):
        state = mix(state + gamma * (number + 1))
    rows = list(range(tokens))
    for i in range(min(count, tokens)):
        state += gamma
        j = i + mix(state) % (tokens - i)
        rows[i], rows[j] = rows[j], rows[i]
    return rows[: min(count, tokens)]


def _check(holds, must, got):
    if not holds:
        raise RecordingError(f"{must} {got}".replace("\n", " "))


def _complete(file, path):
    """Gives a written file its name."""
    with file:
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)


def _bytes(count):
    power = max(1, min(3, int(math.log(count, 1024)))) if count else 1
    return f"{count / 1024**power:.1f} {' KMG'[power]}iB"


def _distances(maps, scale, rows):
    """Distances of rows of a map to all keys up to it, [n, T]; centres of tokens on an image with sides of 1."""
    def centres(h, w):
        y, x = torch.meshgrid(*((torch.arange(n, dtype=torch.float64) + 0.5) / n for n in (h, w)), indexing="ij")
        return torch.stack((y, x), -1).reshape(-1, 2).to(rows.device)

    keys = torch.cat([centres(h, w) for h, w in maps[:scale + 1]])
    return (centres(*maps[scale])[rows][:, None] - keys).square().sum(-1).sqrt()


def _find_functions():
    """Lists (module, global, function, name in FUNCTIONS) in every loaded file outside torch, and in torch.nn.functional."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and (name.split(".")[0] != "torch" or name == "torch.nn.functional"):
            for key, value in list(vars(module).items()):
                own = value.__name__ if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)) else key
                kind = own if own in FUNCTIONS else key
                if kind in FUNCTIONS and callable(value):
                    yield module, key, value, kind


def _load_imported(attention):
    """Loads flash_attn or xformers where a forward imports them inside."""
    code = getattr(inspect.unwrap(type(attention).forward), "__code__", None)
    roots = {name.split(".")[0] for name in getattr(code, "co_names", ())}
    for module in ("flash_attn", "xformers.ops"):
        if module.split(".")[0] in roots:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
