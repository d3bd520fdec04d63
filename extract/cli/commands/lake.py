"""`lake`: copy the raw tables to the lake, and maintain its tables."""

import json
from typing import Annotated

import typer

from extract.cli.commands.extract import new_messages
from extract.cli.exit_codes import handle_errors
from extract.cli.options import AsJson, LogFormat, NoWait, Quiet


def lake(
    optimize: Annotated[
        bool,
        typer.Option(
            "--optimize",
            metavar="",
            help="Copy nothing: write small files of the raw tables together, and remove files "
            "that no version has needed for `--keep-days`. With `TARGET=spark`, those of the "
            "final tables.",
        ),
    ] = False,
    keep_days: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="With `--optimize`: days for which old versions stay readable.",
        ),
    ] = 7,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            metavar="",
            help="Copy even if this deletes most fixtures of the lake.",
        ),
    ] = False,
    no_wait: NoWait = False,
    quiet: Quiet = False,
    log_format: LogFormat = "text",
    as_json: AsJson = False,
) -> None:
    """Copy what is new or changed in the raw tables to the lake: Delta tables, for Spark.

    `LAKE_URL` names the lake: a folder or a bucket, such as `file:///data/lake`, `s3://bucket/path`,
    `gs://bucket/path` or `abfss://container@account.dfs.core.windows.net/path`. The tables are in
    its folder `sportmonks_raw`, with the columns of the raw tables; JSON is text.

    `extract` and `run` copy too, at their end, when `LAKE_URL` is set. The command copies the rows
    that the lake lacks or has in another version, and deletes those that are gone. So it can begin
    on a full warehouse, and a copy that was stopped or killed is completed by the next one.

        LAKE_URL=file:///data/lake sportmonks lake

        sportmonks lake --optimize

        TARGET=spark sportmonks lake --optimize
    """
    logs = log_format == "json"
    with handle_errors(alerting=True, logs=logs):
        from extract.cli.progress_bar import ConsoleProgress
        from extract.cli.tables import print_copied, print_maintained
        from extract.config.lake_url import check_packages, required_lake_url
        from extract.warehouse.target import is_spark

        required_lake_url()
        check_packages()
        messages = new_messages(quiet, False, logs, as_json)
        progress = ConsoleProgress(messages)
        if optimize:
            from extract.lake.maintenance import maintain_final_tables, maintain_lake

            # Each engine maintains the tables that it writes.
            maintain = maintain_final_tables if is_spark() else maintain_lake
            maintained = maintain(progress, wait=not no_wait, keep_hours=24 * keep_days)
            print_maintained(messages, maintained)
            if as_json:
                print(json.dumps(maintained.to_dict()))
            return
        from extract.lake.sync import copy_to_lake

        copied = copy_to_lake(progress, wait=not no_wait, force=force)
        print_copied(messages, copied, with_tables=True)
        if as_json:
            print(json.dumps(copied.to_dict()))
