"""Scenarios for the recorder, each a function; prints a line of JSON for each: name and error, null if it passed."""

import json
import os
import shutil
import sys
import traceback

import torch

import attention_stack
import record
from attention_stack import MAPS, FSDPSelfAttention, Stack
from record import Recorder, RecordingError

torch.set_num_threads(1)
ROOT = sys.argv[1]
SDPA = torch.nn.functional.scaled_dot_product_attention
GLOBALS = {name: getattr(attention_stack, name) for name in ("slow_attn", "flash_attn_func", "memory_efficient_attention")}


def clean(model):
    """No hook, no stand-in, no unfinished file is left."""
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.nn.functional.scaled_dot_product_attention is SDPA
    assert all(getattr(attention_stack, name) is f for name, f in GLOBALS.items())
    assert not any(f.endswith(".part") for _, _, files in os.walk(ROOT) for f in files)


def record_all(name, model, labels=(3, 5), guidance="rows", draw=None, batch=False, **options):
    """Records prompts; outputs and the random state must be those without a recorder."""
    draw = draw or {}
    groups = [list(enumerate(labels))] if batch else [[(i, label)] for i, label in enumerate(labels)]
    plain = [model.draw([label for _, label in g], guidance, **draw) for g in groups]
    state = torch.get_rng_state()
    torch.manual_seed(99)
    before = torch.get_rng_state()
    folder = os.path.join(ROOT, name)
    with Recorder(model, folder, MAPS, guidance=guidance, info={"guidanceStrength": 3}, **options) as r:
        assert torch.equal(before, torch.get_rng_state())
        for g, wanted in zip(groups, plain):
            index, prompts = [i for i, _ in g], [f"class {label}" for _, label in g]
            with r.prompt(index if batch else index[0], prompts if batch else prompts[0], seed=index if batch else index[0]):
                found = model.draw([label for _, label in g], guidance, **draw)
            assert torch.equal(found, wanted), "the recorder changed the result"
        assert torch.equal(state, torch.get_rng_state()), "the recorder used random numbers"
        assert [i for i, _ in r.todo(range(4))] == [2, 3]
    clean(model)
    return folder


def refused(part, way="slow", guidance="rows", model=None, draw=None, **options):
    """Recording is refused with one line that has the given part, and leaves nothing."""
    model = model or Stack(way)
    folder = os.path.join(ROOT, "refused")
    try:
        with Recorder(model, folder, options.pop("schedule", MAPS), guidance=guidance, **options) as r:
            with r.prompt(0, "a"):
                model.draw([1], guidance, **(draw or {}))
    except RecordingError as e:
        assert part in str(e) and "\n" not in str(e), str(e)
    else:
        raise AssertionError("nothing was refused")
    finally:
        left = os.listdir(folder) if os.path.exists(folder) else []
        shutil.rmtree(folder, ignore_errors=True)
    assert not left, left
    clean(model)


def all_rows():
    record_all("all", Stack(), branches="both")


def sampled_rows():
    record_all("rows", Stack(), branches="both", queries=5)


def statistics_of_all_rows():
    record_all("all-statistics", Stack(), branches="both", statistics=True)


def statistics_of_sampled_rows():
    record_all("rows-statistics", Stack(), branches="both", statistics=True, queries=5)


def a_batch_is_recorded_prompt_by_prompt():
    record_all("batch", Stack(), branches="both", batch=True)


def passes():
    record_all("passes", Stack(), guidance="passes", branches="both")


def statistics_of_passes():
    record_all("passes-statistics", Stack(), guidance="passes", branches="both", statistics=True)


def unconditional_rows_first():
    record_all("uncond-first", Stack("uncond-first"), guidance="rows-uncond-first", branches="both")


def guidance_that_ends():
    record_all("ends", Stack(), branches="both", draw={"guided_maps": 2})
    record_all("ends-first", Stack("uncond-first"), guidance="rows-uncond-first", branches="both", draw={"guided_maps": 2})


def no_guidance_without_values():
    record_all("none", Stack(), guidance="none", values=False)


def flash_attention_gives_its_type():
    folder = record_all("flash", Stack("flash"), branches="both")
    assert json.load(open(folder + "/trace.json"))["dtype"] == "bfloat16"


def xformers_attention():
    record_all("xformers", Stack("xformers"), branches="both")


def attention_imported_in_a_forward():
    package = os.path.join(ROOT, "package")
    os.makedirs(package)
    with open(os.path.join(package, "flash_attn.py"), "w") as f:
        f.write("from attention_stack import flash_attn_func\n")
    sys.path.insert(0, package)
    assert "flash_attn" not in sys.modules
    record_all("imported", Stack("imported"))


def a_renamed_class_and_a_mask_of_zeros():
    record_all("fsdp", Stack("zero mask", kind=FSDPSelfAttention), dtype="bfloat16")


def a_recording_is_continued():
    model, folder = Stack(), os.path.join(ROOT, "continued")
    for _ in range(3):
        with Recorder(model, folder, [(1, *m) for m in MAPS]) as r:
            for i, label in list(r.todo([1, 2, 3]))[:1]:
                with r.prompt(i, label, seed=i):
                    model.draw([label])
    assert [p["index"] for p in json.load(open(folder + "/trace.json"))["prompts"]] == [0, 1, 2]
    for options in ({"queries": 7}, {"schedule": MAPS[:-1]}, {"info": {"a": 1}}, {"dtype": "float16"}):
        try:
            Recorder(model, folder, **{"schedule": MAPS, **options})
        except RecordingError as e:
            assert "another recording" in str(e), e
        else:
            raise AssertionError(options)
    try:
        with Recorder(model, folder, MAPS) as r, r.prompt(1, "again"):
            pass
    except RecordingError as e:
        assert "index must be new" in str(e), e
    else:
        raise AssertionError("an index was recorded twice")


def whatever_is_raised_inside_leaves_nothing():
    for error in (ValueError("inside"), KeyboardInterrupt()):
        model, folder = Stack(), os.path.join(ROOT, "raised")
        attention_stack.RAISED = error
        model.attention[1].way = "raises"
        try:
            with Recorder(model, folder, MAPS) as r, r.prompt(0, "a"):
                model.draw([1])
        except type(error) as e:
            assert e is error
        else:
            raise AssertionError(error)
        clean(model)
        assert os.listdir(folder) == []


def a_swallowed_error_is_raised_at_the_end():
    model, folder = Stack("cut"), os.path.join(ROOT, "swallowed")
    try:
        with Recorder(model, folder, MAPS) as r, r.prompt(0, "a"):
            try:
                model.draw([1])
            except ValueError:
                model.draw([1])
    except RecordingError as e:
        assert "keys must be" in str(e), e
    else:
        raise AssertionError("nothing was raised")
    assert os.listdir(folder) == []
    clean(model)


def caches():
    refused("layer 0 scale 3 (3x2): keys must be 11", "cut")
    refused("layer 0 scale 2 (2x2): cached keys must be those of the earlier maps", "quantised")


def plain_attention_only():
    refused("must have no mask", "mask")
    refused("is_causal must be off", "causal")
    refused("must be called once", "twice")
    refused("attention must call one of", "hand")
    refused("recomputed attention must be the module's", "window")


def geometry():
    refused("layer 0 scale 4 (5x5): queries must be 25", schedule=[*MAPS[:3], (5, 5)])
    refused("calls must be 3 by the schedule", schedule=MAPS[:3])
    refused("calls must be 5 by the schedule", schedule=[*MAPS, (5, 5)])
    refused("batch rows must be 1, got 2", guidance="none", model=type("Two", (Stack,), {"draw": lambda self, l, g: Stack.draw(self, [1, 2], g)})())
    refused("layer 0 scale 1 (1x1): queries must be 1", guidance="passes", draw={"guided_maps": 0})
    refused("schedule must be maps", schedule=[(2, 1, 1)])
    refused("attention must be the name of a class", attention="Attention")
    refused("dtype must be", dtype="float64")
    refused("branches must be", guidance="none", branches="both")


def the_order_of_the_layers():
    model = Stack()
    model.attention = torch.nn.ModuleList(reversed(list(model.attention)))
    order = list(model.attention)
    model.draw_order = order
    original = Stack.layer
    try:
        Stack.layer = lambda self, x, a, b: original(self, x, order[2 - order.index(a)], b)
        refused("in the order of model.modules()", model=model)
    finally:
        Stack.layer = original


def compiled_models():
    model = Stack()
    model.attention[0] = torch.compile(model.attention[0], backend="eager")
    refused("model must not be compiled", model=model)
    model = Stack()
    model.attention[1].compile(backend="eager")
    refused("model must not be compiled", model=model)


def a_full_disk():
    usage = shutil.disk_usage
    shutil.disk_usage = lambda path: type("Usage", (), {"free": 1000})
    try:
        refused("must have room for")
    finally:
        shutil.disk_usage = usage


def one_recorder_at_a_time():
    model = Stack()
    with Recorder(model, os.path.join(ROOT, "one"), MAPS) as a, Recorder(model, os.path.join(ROOT, "two"), MAPS) as b:
        try:
            with a.prompt(0, "a"), b.prompt(0, "b"):
                model.draw([1])
        except RecordingError as e:
            assert "the only one" in str(e), e
        else:
            raise AssertionError("two recorders ran")
    clean(model)


def rows_are_drawn_without_replacement():
    rows = record.draw_rows(0, 1, 2, 3, 144, 64)
    assert len(set(rows)) == 64 and min(rows) >= 0 and max(rows) < 144
    assert record.draw_rows(0, 1, 2, 3, 144, 5) == rows[:5]


SCENARIOS = [f for f in list(globals().values()) if callable(f) and getattr(f, "__module__", None) == "__main__"
             and f not in (clean, record_all, refused)]
for scenario in SCENARIOS:
    try:
        scenario()
        failure = None
    except BaseException:
        failure = traceback.format_exc()
    print(json.dumps({"name": scenario.__name__, "failure": failure}), flush=True)
