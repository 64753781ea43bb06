"""Opens an export with the tool it is for and prints the same numbers of any format as JSON."""

import json
import os
import sys

tool, path = sys.argv[1:]
if tool == "pandas-csv" or tool == "pandas-parquet" or tool == "pandas-jsonl":
    import pandas

    read = {"csv": pandas.read_csv, "parquet": pandas.read_parquet}
    kind = tool.split("-")[1]
    t = read[kind](path) if kind in read else pandas.read_json(path, lines=True, precise_float=True)
    psnr = t[(t.metric == "psnr") & (t.label == "h2o at 4%")].value
    out = {"rows": len(t), "psnr": psnr.tolist(), "caption": t.prompt[0]}
elif tool == "duckdb":
    import duckdb

    t = "'" + path + "'"
    count = duckdb.sql("select count(*) from " + t).fetchall()[0][0]
    where = " where metric = 'psnr' and label = 'h2o at 4%' order by promptIndex"
    psnr = [r[0] for r in duckdb.sql("select value from " + t + where).fetchall()]
    caption = duckdb.sql("select prompt from " + t + " where promptIndex = 0 limit 1").fetchall()[0][0]
    # answered from the statistics of the columns
    none = duckdb.sql("select count(*) from " + t + " where budgetTokens > 1000").fetchall()[0][0]
    out = {"rows": count - none, "psnr": psnr, "caption": caption}
elif tool == "mlflow":
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri="file://" + path)
    experiment = client.get_experiment_by_name("beyond-confirm")
    runs = client.search_runs(experiment.experiment_id, "params.`policy.name` = 'h2o'")
    runs = {r.info.run_name: r for r in runs}
    run = runs["h2o at 4%"]
    history = client.get_metric_history(run.info.run_id, "image/psnr")
    psnr = [m.value for m in sorted(history, key=lambda m: m.step)]
    out = {"rows": len(runs), "psnr": psnr, "mean": run.data.metrics["psnr"]}
else:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def scalars(run, tag):
        events = EventAccumulator(os.path.join(path, run), {"scalars": 0}).Reload()
        return [(e.step, e.value) for e in events.Scalars(tag)]

    psnr = [v for _, v in scalars("h2o_at_4%", "image/psnr")]
    steps, means = zip(*scalars("h2o", "psnr"))
    run = EventAccumulator(os.path.join(path, "h2o_at_4%")).Reload().Tensors("run")[0]
    text = run.tensor_proto.string_val[0].decode()
    out = {"rows": len(steps), "psnr": psnr, "mean": means[1], "text": text}
print(json.dumps(out))
