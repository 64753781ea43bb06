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

# Functions that are watched: whether tensors are [B, L, H, D] (else [B, H, L, D]), and parameters in order.
FUNCTIONS = {
    "scaled_dot_product_attention": (False, "query key value attn_mask dropout_p is_causal scale enable_gqa"),
    "slow_attn": (False, "query key value scale attn_mask dropout_p"),
    "flash_attn_func": (True, "q k v dropout_p softmax_scale causal window_size softcap alibi_slopes deterministic"),
    "memory_efficient_attention": (True, "query key value attn_bias p scale op output_dtype"),
}
TYPES = {torch.float32: ("float32", "F32"), torch.float16: ("float16", "F16"), torch.bfloat16: ("bfloat16", "BF16")}
GUIDANCE = ("rows", "rows-uncond-first", "passes", "none")
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


class SafetensorsFile:
    """Safetensors file written tensor by tensor; it gets its name when it is complete."""

    def __init__(self, path, metadata, header_bytes):
        self.path, self.header, self.size, self.room = path, {"__metadata__": metadata}, 0, (header_bytes + 7) // 8 * 8
        self.part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.part")
        self.file = open(self.part, "wb")
        self.file.seek(8 + self.room)

    def write(self, name, kind, tensor, dtype):
        start = self.size
        for part in tensor if tensor.dim() == 3 else [tensor]:  # head by head: a copy of one head on the GPU
            part = part.detach().to(dtype).contiguous().cpu()
            self.file.write((ctypes.c_char * part.nbytes).from_address(part.data_ptr()))
            self.size += part.nbytes
        self.header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, self.size]}

    def finish(self):
        text = json.dumps(self.header, separators=(",", ":")).encode()
        _check(len(text) <= self.room, f"{self.path}: header must have at most {self.room} bytes, got", len(text))
        self.file.seek(0)
        self.file.write(struct.pack("<Q", self.room) + text.ljust(self.room))
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        os.replace(self.part, self.path)

    def abandon(self):
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.part)


class Recorder:
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
        names = {name: kind for kind, (name, _) in TYPES.items()}
        _check(isinstance(model, torch.nn.Module), "model must be a torch.nn.Module, got", type(model).__name__)
        _check(queries == "all" or (type(queries) is int and queries > 0), "queries must be \"all\" or a number, got", queries)
        _check(dtype == "model" or dtype in names, f"dtype must be \"model\" or one of {sorted(names)}, got", dtype)
        _check(branches in ("cond", "both"), "branches must be \"cond\" or \"both\", got", branches)
        _check(guidance in GUIDANCE, f"guidance must be one of {GUIDANCE}, got", guidance)
        _check(branches == "cond" or guidance != "none", "branches must be \"cond\" without guidance, got", branches)
        _check(sys.byteorder == "little", "byte order must be little, got", sys.byteorder)
        maps = [tuple(m)[1:] if len(m) == 3 and m[0] == 1 else tuple(m) for m in schedule]
        _check(maps and all(len(m) == 2 and min(m) > 0 for m in maps), "schedule must be maps (h, w), got", list(schedule))
        self.layers = [m for m in model.modules() if any(c.__name__ == attention for c in type(m).__mro__)]
        _check(self.layers, "attention must be the name of a class in the model, got", attention)
        for m in model.modules():
            compiled = hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) is not None
            compiled = compiled or hasattr(m.forward, "_torchdynamo_orig_callable")
            _check(not compiled, "model must not be compiled (record the uncompiled one), got a compiled", type(m).__name__)
        self.directory, self.maps = os.fspath(directory), [(int(h), int(w)) for h, w in maps]
        self.tokens = [h * w for h, w in self.maps]
        self.starts = [sum(self.tokens[:s]) for s in range(len(self.tokens) + 1)]
        self.queries, self.both, self.guidance, self.statistics = queries, branches == "both", guidance, statistics
        self.seed, self.dtype = samplingSeed, names.get(dtype)
        name = next(c.__name__ for c in type(model).__mro__ if not c.__name__.startswith("FSDP"))
        self.manifest = {
            "format": "scalekv-trace", "version": 1, "form": "statistics" if statistics else "tensors", "model": name,
            "family": name.lower(), "layers": len(self.layers), "heads": None, "headWidth": None, "softmaxScale": None,
            "schedule": [list(m) for m in self.maps], "guidance": guidance, "branches": branches, "queries": queries,
            "values": values and not statistics, "dtype": None if dtype == "model" else dtype, "samplingSeed": samplingSeed,
            "checkError": 0.0, "torch": str(torch.__version__), "info": json.loads(json.dumps(info or {})), "prompts": [],
        }
        self._read()
        self._running = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

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
        _check(len(index) == len(prompt) == len(seed) > 0, "index, prompt and seed must be equally long, got", index)
        _check(self._running is None, "prompts must be recorded one after the other, got", index)
        done = [p["index"] for p in self.manifest["prompts"]]
        for i in index:
            _check(int(i) >= 0 and done.count(i) == 0, "index must be new (see todo), got", i)
            done.append(i)
        run = self._running = _Generation(self, [(int(i), str(p), int(s)) for i, p, s in zip(index, prompt, seed)])
        try:
            with run.watching():
                yield self
            if run.error:
                raise run.error
            run.finish()
        finally:
            run.abandon()
            self._running = None

    def _read(self):
        """Takes over the prompts of a directory that holds the same recording."""
        path = os.path.join(self.directory, "trace.json")
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as f:
            found = json.load(f)
        for key, value in self.manifest.items():
            if key not in ("checkError", "torch", "prompts") and value is not None:
                _check(found.get(key) == value, f"{path} is of another recording: {key} must be {found.get(key)}, got", value)
        self.manifest["prompts"], self.manifest["checkError"] = found["prompts"], found["checkError"]

    def _agree(self, facts):
        """Completes the manifest at the first call; from then on the facts must stay the same."""
        for key, value in facts.items():
            if self.manifest[key] is None:
                self.manifest[key] = value
            _check(self.manifest[key] == value, f"{key} must be {self.manifest[key]} in every call, got", value)

    def _write(self):
        path = os.path.join(self.directory, "trace.json")
        lines = (f" {json.dumps(k)}: {json.dumps(v)}" for k, v in self.manifest.items())
        with open(f"{path}.{os.getpid()}.part", "w", encoding="utf-8") as f:
            f.write("{\n" + ",\n".join(lines) + "\n}\n")
            f.flush()
            os.fsync(f.fileno())
        os.replace(f"{path}.{os.getpid()}.part", path)

    def _entries(self):
        """Names and shapes of all tensors that a prompt may have."""
        heads, width = self.manifest["heads"], self.manifest["headWidth"]
        for s, n in enumerate(self.tokens):
            rows = n if self.queries == "all" else min(n, self.queries)
            for layer in range(len(self.layers)):
                for branch in "cu" if self.both else "c":
                    yield f"{layer}.{s}.{branch}.q", (heads, rows, width)
                    for part in "kv" if self.manifest["values"] else "k":
                        yield f"{layer}.{s}.{branch}.{part}", (heads, n, width)
                if self.queries != "all":
                    yield f"{layer}.{s}.rows", (rows,)


class _Generation:
    """One generation of one or several prompts."""

    def __init__(self, recorder, prompts):
        self.r, self.prompts = recorder, prompts
        self.layer, self.inside, self.error, self.files = None, False, None, []
        count = len(recorder.layers)
        self.calls, self.seen = [0] * count, [False] * count
        self.sums = {}  # (layer, pass) -> sums of the keys and of the values so far, and of their magnitudes
        self.pending = {}  # layer -> q and k of the conditional pass, for statistics
        self.table = None  # statistics [prompt, branch, layer, scale, head, column]
        self.guided = False

    # ---- watching -------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def watching(self):
        """Puts hooks and stand-ins in place, and takes them away."""
        stand_ins, hooks = {}, []
        try:
            for m in self.r.layers:
                _load_imported(type(m))
            for module, name, function, kind in _find_functions():
                _check(not hasattr(function, "_original"), "recorder must be the only one that runs, got two for", name)
                if id(function) not in stand_ins:
                    stand_ins[id(function)] = self._stand_in(function, kind)
                setattr(module, name, stand_ins[id(function)])
            for i, m in enumerate(self.r.layers):
                hooks.append(m.register_forward_pre_hook(functools.partial(self._enter, i)))
                hooks.append(m.register_forward_hook(functools.partial(self._leave, i)))
            yield
        finally:
            for hook in hooks:
                hook.remove()
            for module, name, function, _ in _find_functions():  # also where a file loaded meanwhile took one over
                if getattr(function, "_owner", None) is self:
                    setattr(module, name, function._original)

    def _stand_in(self, function, kind):
        last, parameters = FUNCTIONS[kind]
        try:
            parameters = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):  # a built-in function
            parameters = parameters.split()

        @functools.wraps(function)
        def stand_in(*args, **kwargs):
            if self.layer is None or self.inside or self.error:
                return function(*args, **kwargs)
            self.inside = True
            try:
                out = function(*args, **kwargs)
                with torch.no_grad(), torch.autocast(_device(args, kwargs), enabled=False):
                    self._guard(self._call, {**dict(zip(parameters, args)), **kwargs}, out, last)
                return out
            finally:
                self.inside = False

        stand_in._owner, stand_in._original = self, function
        return stand_in

    def _guard(self, function, *args):
        """Keeps the first error, which the caller may swallow."""
        try:
            function(*args)
        except BaseException as e:
            self.error = e
            raise

    def _enter(self, layer, *_):
        self.layer, self.seen[layer] = layer, False

    def _leave(self, layer, *_):
        self.layer = None
        if not self.error:
            must = f"{self._at(layer)}: attention must call one of {sorted(FUNCTIONS)}, got"
            self._guard(_check, self.seen[layer], must, "none")

    # ---- one call -------------------------------------------------------------------------------------------------------

    def _at(self, layer, scale=None):
        if scale is None:
            return f"layer {layer}"
        return f"layer {layer} scale {scale + 1} ({self.r.maps[scale][0]}x{self.r.maps[scale][1]})"

    def _call(self, given, out, tokens_first):
        """Checks and records one call of attention."""
        layer, out = self.layer, out[0] if isinstance(out, tuple) else out
        q, k, v = (given.get(long, given.get(long[0])) for long in ("query", "key", "value"))
        _check(all(isinstance(x, torch.Tensor) and x.dim() == 4 for x in (q, k, v, out)),
               f"{self._at(layer)}: q, k, v and the output must be tensors of 4 axes, got", [type(x).__name__ for x in (q, k, v, out)])
        if tokens_first:
            q, k, v, out = (x.transpose(1, 2) for x in (q, k, v, out))
        scale, second = self._place(layer)
        at = self._at(layer, scale)
        self._check_plain(at, given)
        self._check_shapes(at, scale, q, k, v)
        factor = given.get("scale", given.get("softmax_scale"))
        factor = 1 / math.sqrt(q.shape[3]) if factor is None else float(factor)
        kind = self.r.dtype or out.dtype
        _check(kind in TYPES, f"{at}: type of attention must be float32, float16 or bfloat16, got", kind)
        self.r._agree({"heads": q.shape[1], "headWidth": q.shape[3], "softmaxScale": factor, "dtype": TYPES[kind][0]})
        self._check_prefix(at, (layer, second), k, v, self.r.starts[scale])
        self._check_output(at, q, k, v, out, factor, kind)
        if not self.files and self.table is None:
            self._open()
        batch = len(self.prompts)
        first, other = (0, batch) if self.r.guidance != "rows-uncond-first" or len(q) == batch else (batch, 0)
        for p in range(batch):
            c = None if second else first + p
            u = p if second else other + p if len(q) > batch else None
            u = u if self.r.both else None
            if self.r.statistics:
                self._count(p, layer, scale, q, k, c, u, factor, kind)
            else:
                self._record(p, layer, scale, q, k, v, c, u, kind)

    def _place(self, layer):
        """Counts a call; returns its scale, and whether it is the unconditional pass."""
        r = self.r
        _check(not self.seen[layer], f"{self._at(layer)}: attention must be called once by the module, got", "more")
        call, passes = self.calls[layer], 2 if r.guidance == "passes" else 1
        most = passes * len(r.maps)
        _check(call < most, f"{self._at(layer)}: calls must be {most} by the schedule, got", call + 1)
        ordered = call or all(self.calls[:layer]) and not any(self.calls[layer:])
        _check(ordered, f"{self._at(layer)}: modules must be called in the order of model.modules(), got", self.calls)
        self.seen[layer] = True
        self.calls[layer] += 1
        return divmod(call, passes)

    def _record(self, p, layer, scale, q, k, v, c, u, kind):
        """Writes the rows c and u of a call, where they are not None."""
        r, start = self.r, self.r.starts[scale]
        chosen = None
        if r.queries != "all":
            chosen = draw_rows(r.seed, self.prompts[p][0], layer, scale, r.tokens[scale], r.queries)
        for branch, row in (("c", c), ("u", u)):
            if row is not None:
                some = q[row] if chosen is None else q[row][:, torch.tensor(chosen, device=q.device)]
                for part, x in (("q", some), ("k", k[row, :, start:]), ("v", v[row, :, start:])):
                    if part != "v" or r.manifest["values"]:
                        self.files[p].write(f"{layer}.{scale}.{branch}.{part}", TYPES[kind][1], x, kind)
        if chosen is not None and c is not None:
            self.files[p].write(f"{layer}.{scale}.rows", "I32", torch.tensor(chosen), torch.int32)

    def _check_shapes(self, at, scale, q, k, v):
        r, batch = self.r, len(self.prompts)
        tokens, end = r.tokens[scale], r.starts[scale + 1]
        _check(q.shape[2] == tokens, f"{at}: queries must be {tokens}, got", tuple(q.shape))
        cached = "the full cache must be on, with nothing cut"
        _check(k.shape[2] == v.shape[2] == end, f"{at}: keys must be {end} ({cached}), got", k.shape[2])
        sizes = (batch, 2 * batch) if r.guidance.startswith("rows") else (batch,)
        _check(len(q) in sizes, f"{at}: batch rows must be {' or '.join(map(str, sizes))}, got", len(q))
        same = k.shape[:2] == v.shape[:2] == q.shape[:2] and k.shape[3] == v.shape[3] == q.shape[3]
        _check(same, f"{at}: rows, heads and widths of q, k and v must be the same, got", [*map(tuple, (q.shape, k.shape, v.shape))])

    def _check_plain(self, at, given):
        mask = next((given[name] for name in ("attn_mask", "attn_bias") if given.get(name) is not None), None)
        zero = mask is None or (isinstance(mask, torch.Tensor) and mask.dtype != torch.bool and not mask.any())
        _check(zero, f"{at}: attention must have no mask, got", "one")
        off = {"is_causal": False, "causal": False, "dropout_p": 0, "p": 0, "softcap": 0, "window_size": (-1, -1), "alibi_slopes": None}
        for name, plain in off.items():
            value = given.get(name)
            value = tuple(value) if isinstance(value, list) else value
            _check(value is None or (plain is not None and value == plain), f"{at}: {name} must be off, got", value)

    def _check_prefix(self, at, key, k, v, start):
        """The keys of the earlier maps must be those of the earlier calls: sums over the tokens, by head and channel."""
        new = [(x[:, :, start:].sum(2, dtype=torch.float32), _magnitude(x[:, :, start:])) for x in (k, v)]
        for i, x in enumerate((k, v)):
            if start:
                # the rows of the conditional branch alone, where guidance has ended
                own = slice(-len(x), None) if self.r.guidance == "rows-uncond-first" else slice(len(x))
                before, magnitude = (sums[own] for sums in self.sums[key][i])
                same = (x[:, :, :start].sum(2, dtype=torch.float32) - before).abs() <= 1e-5 * magnitude + 1e-30
                _check(same.all(), f"{at}: cached {('keys', 'values')[i]} must be those of the earlier maps, got", "others")
                new[i] = (before + new[i][0], magnitude + new[i][1])
        self.sums[key] = new

    def _check_output(self, at, q, k, v, out, factor, kind):
        call = sum(self.calls)
        row, head = call // q.shape[1] % q.shape[0], call % q.shape[1]
        rows = torch.tensor(sorted({0, q.shape[2] // 2, q.shape[2] - 1}), device=q.device)
        a, b, c = (x[row, head].to(kind).double() for x in (q[:, :, rows], k, v))
        wanted = torch.softmax(factor * a @ b.T, -1) @ c
        found = out[row, head, rows].double()
        error = (torch.linalg.norm(found - wanted) / torch.linalg.norm(wanted).clamp_min(1e-30)).item()
        must = f"{at} head {head}: recomputed attention must be the module's within 5 %, got"
        _check(error <= WORST_ERROR, must, f"{error:.1%} off")
        self.r.manifest["checkError"] = max(self.r.manifest["checkError"], error)

    # ---- files ----------------------------------------------------------------------------------------------------------

    def _open(self):
        """At the first call: says what a prompt takes, and begins its file."""
        r = self.r
        r._read()
        os.makedirs(r.directory, exist_ok=True)
        heads, width, columns = r.manifest["heads"], len(r.maps), len(STATISTICS) + len(r.maps)
        shape = (len(self.prompts), 2, len(r.layers), width, heads + 1, columns)
        item = {"float32": 4}.get(r.manifest["dtype"], 2)
        sizes = {name: math.prod(s) * (4 if name.endswith("rows") else item) for name, s in r._entries()}
        size = 8 * math.prod(shape[1:]) if r.statistics else sum(sizes.values())
        free = shutil.disk_usage(r.directory).free
        if not getattr(r, "_said", False):
            r._said = True
            m = r.manifest
            shape_ = f"{m['layers']} layers, {heads} heads of {m['headWidth']}, {m['dtype']}"
            print(f"record: {m['model']}, {shape_}: {_size(size)} a prompt, {_size(free)} free", file=sys.stderr)
        size *= len(self.prompts)
        _check(free > size, f"{r.directory} must have room for {_size(size)}, got", _size(free))
        if r.statistics:
            self.table = torch.full(shape, math.nan, dtype=torch.float64)
            return
        room = 200 + sum(len(name) + 100 for name in sizes)
        for index, prompt, seed in self.prompts:
            metadata = {"index": str(index), "prompt": prompt, "seed": str(seed)}
            path = os.path.join(r.directory, f"prompt-{index:05d}.safetensors")
            self.files.append(SafetensorsFile(path, metadata, room + len(json.dumps(metadata))))

    def finish(self):
        r, all_calls = self.r, (2 if self.r.guidance == "passes" else 1) * len(self.r.maps)
        for layer, calls in enumerate(self.calls):
            _check(calls == all_calls, f"{self._at(layer)}: calls must be {all_calls} by the schedule, got", calls)
        if r.statistics:
            self._store()
        names = [os.path.basename(f.path) for f in self.files]
        while self.files:
            self.files[0].finish()
            self.files.pop(0)
        done = [{"index": i, "prompt": p, "seed": s, "file": n} for (i, p, s), n in zip(self.prompts, names)]
        r.manifest["prompts"] = sorted(r.manifest["prompts"] + done, key=lambda prompt: prompt["index"])
        r._write()

    def abandon(self):
        for f in self.files:
            f.abandon()

    # ---- statistics -----------------------------------------------------------------------------------------------------

    def _count(self, p, layer, scale, q, k, c, u, factor, kind):
        """Reduces the rows c and u of a call to means over the query rows, in float64."""
        if c is None and u is None:
            return
        r, n = self.r, self.r.tokens[scale]
        count = SORTED_ROWS if r.queries == "all" else r.queries
        drawn = draw_rows(r.seed, self.prompts[p][0], layer, scale, n, count)
        rows = drawn + sorted(set(range(n)) - set(drawn)) if r.queries == "all" else drawn
        pair = self.pending.get((p, layer)) if c is None else (q[c], k[c])
        if u is None and r.guidance == "passes" and r.both:
            self.pending[p, layer] = pair  # until the unconditional call
            return
        branches = [pair] if u is None else [pair, (q[u], k[u])]
        self.guided = self.guided or u is not None
        sums = [torch.zeros(self.table.shape[4:], dtype=torch.float64, device=q.device) for _ in branches]
        counts = [torch.zeros_like(s) for s in sums]
        step = max(1, BLOCK // ((q.shape[1] + 1) * k.shape[2]))
        for at in range(0, len(rows), step):
            some = torch.tensor(rows[at:at + step], device=q.device)
            last = None
            for b in reversed(range(len(branches))):
                a, keys = (x.to(kind).double() for x in (branches[b][0][:, some], branches[b][1]))
                rows_of = torch.softmax(factor * a @ keys.transpose(1, 2), -1)
                rows_of = torch.cat((rows_of, rows_of.mean(0, keepdim=True)))  # [H + 1, n, T]
                values = self._measure(scale, rows_of, some)
                if b == 0:
                    few = max(0, min(len(some), SORTED_ROWS - at))
                    values[:, :few, STATISTICS.index("gini")] = _gini(rows_of[:, :few])
                    if last is not None:
                        values[:, :, STATISTICS.index("branch-drift")] = (rows_of - last).abs().sum(-1) / 2
                last = rows_of
                sums[b] += values.nan_to_num(0.0).sum(1)
                counts[b] += (~values.isnan()).sum(1)
        for b in range(len(branches)):
            self.table[p, b, layer, scale] = (sums[b] / counts[b]).cpu()  # 0 / 0 is NaN: undefined
        self.pending.pop((p, layer), None)

    def _measure(self, scale, p, rows):
        """Statistics of softmax rows p [H + 1, n, T] -> [H + 1, n, columns]; NaN where undefined."""
        r, start = self.r, self.r.starts[scale]
        values = torch.full((*p.shape[:2], len(STATISTICS) + len(r.maps)), math.nan, dtype=torch.float64, device=p.device)
        put = lambda name, value: values[..., STATISTICS.index(name)].copy_(value)
        p_log_p = torch.special.xlogy(p, p)
        far = _distances(r.maps, scale, rows, p.device)
        entropy = (-p_log_p.sum(-1)).clamp_min(0)
        put("entropy", entropy)
        put("effective-keys", entropy.exp())
        put("distance", (p * far).sum(-1))
        for name, part in (("history", slice(0, start)), ("current", slice(start, None))):
            mass = p[..., part].sum(-1)
            mass = torch.where(mass >= 1e-30, mass, math.nan)
            entropy = (mass.log() - p_log_p[..., part].sum(-1) / mass).clamp_min(0)
            put(f"{name}-entropy", entropy)
            put(f"{name}-effective-keys", entropy.exp())
        put("current-mass", p[..., start:].sum(-1))
        put("current-distance", (p[..., start:] * far[:, start:]).sum(-1) / mass)
        if start:
            put("history-topk", p[..., :start].topk(-(-TOP_SHARE * start // 100), sorted=False).values.sum(-1))
            put("sink-mass", p[..., :min(SINKS, start)].sum(-1))
        for s in range(len(r.maps)):
            keys = p[..., r.starts[s]:r.starts[s + 1]] if s <= scale else p[..., :0]
            values[..., len(STATISTICS) + s] = keys.sum(-1)
        return values

    def _store(self):
        r, every = self.r, 2**31 - 1
        metadata = {
            "format": "scalekv-statistics", "version": "1", "layers": str(len(r.layers)), "heads": str(r.manifest["heads"]),
            "schedule": " ".join(f"{h}x{w}" for h, w in r.maps),
            "statistics": " ".join(STATISTICS + [f"source-mass-{s}" for s in range(len(r.maps))]),
            "querySamples": str(every if r.queries == "all" else r.queries), "detailRows": str(every),
            "sortedRows": str(SORTED_ROWS), "samplingSeed": str(r.seed), "historyTopK": f"{TOP_SHARE}%",
            "sinkTokens": str(SINKS), "unconditional": "true" if r.both else "false", "cutTokens": "0",
        }
        for p, (index, prompt, seed) in enumerate(self.prompts):
            own = {**metadata, "source.index": str(index), "source.prompt": prompt, "source.seed": str(seed)}
            path = os.path.join(r.directory, f"stats-{index:05d}.safetensors")
            file = SafetensorsFile(path, own, len(json.dumps(own)) + 500)
            self.files.append(file)
            file.write(f"prompt.{index}", "F64", self.table[p], torch.float64)
            file.write("prompts", "I32", torch.tensor([index]), torch.int32)
            file.write("guided", "I32", torch.tensor([int(self.guided)]), torch.int32)


def _check(holds, must, got):
    if not holds:
        raise RecordingError(f"{must} {got}".replace("\n", " "))


def _size(count):
    power = max(1, min(3, int(math.log(count, 1024)))) if count else 1
    return f"{count / 1024**power:.1f} {' KMG'[power]}iB"


def _device(args, kwargs):
    return next((x.device.type for x in (*args, *kwargs.values()) if isinstance(x, torch.Tensor)), "cpu")


def _magnitude(x):
    return torch.linalg.vector_norm(x, 1, dim=2, dtype=torch.float32)


def _gini(p):
    x, n = p.sort(-1).values, p.shape[-1]
    weights = 2.0 * torch.arange(n, dtype=torch.float64, device=p.device) + 1 - n
    return (x * weights).sum(-1) / (n * x.sum(-1))


def _distances(maps, scale, rows, device):
    """Distances of rows of a map to all keys up to it, [n, T]; centres of tokens on an image with sides of 1."""
    def centres(h, w):
        y, x = torch.meshgrid(torch.arange(h, dtype=torch.float64), torch.arange(w, dtype=torch.float64), indexing="ij")
        return torch.stack(((y + 0.5) / h, (x + 0.5) / w), -1).reshape(-1, 2).to(device)

    keys = torch.cat([centres(h, w) for h, w in maps[:scale + 1]])
    return (centres(*maps[scale])[rows][:, None] - keys).square().sum(-1).sqrt()


def _find_functions():
    """Lists (module, global, function, name in FUNCTIONS) in every loaded file outside torch, and in torch.nn.functional."""
    found = []
    for name, module in list(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or (name.split(".")[0] == "torch" and name != "torch.nn.functional"):
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
                kind = value.__name__ if value.__name__ in FUNCTIONS else key
            else:
                kind = key if callable(value) else None
            if kind in FUNCTIONS:
                found.append((module, key, value, kind))
    return found


def _load_imported(attention):
    """Loads flash_attn or xformers where a forward imports them inside."""
    try:
        source = inspect.getsource(attention.forward)
    except (OSError, TypeError):
        return
    for package, module in (("flash_attn", "flash_attn"), ("xformers", "xformers.ops")):
        if f"import {package}" in source or f"from {package}" in source:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
