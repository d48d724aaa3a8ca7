"""A real Spark cluster of this machine: one master, some workers, out of the PyPI package, on the loopback address."""

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

_LOOPBACK = "127.0.0.1"
_PATIENCE = 120
# Small memories and a quick start, for small tables; a secret, because another account of this machine could knock too.
_SETTINGS = """
spark.authenticate                 true
spark.authenticate.secret          {secret}
spark.driver.host                  127.0.0.1
spark.driver.memory                1g
spark.executor.memory              640m
spark.sql.shuffle.partitions       2
spark.sql.codegen.wholeStage       false
spark.driver.extraJavaOptions      {java}
spark.executor.extraJavaOptions    {java}
"""
# The pipe closes when we leave, or die however that happens; the shell then ends its whole group.
_AS_LONG_AS_WE_LIVE = ("sh", "-c", '"$@" & cat; kill -KILL 0', "sh")
_JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"


def what_is_missing() -> str | None:
    """Why Spark cannot run here; None when it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed: uv sync --locked --extra spark"
    return None if shutil.which("java") or "JAVA_HOME" in os.environ else "no Java on this machine"


@contextmanager
def standalone_cluster(folder: Path, workers: int) -> Iterator[dict[str, str]]:
    """A master and its workers, each a process with a core; the environment of who works on it. Stopped in any case."""
    (folder / "conf").mkdir(parents=True)
    settings = folder / "conf" / "spark-defaults.conf"
    settings.touch(mode=0o600)
    settings.write_text(_SETTINGS.format(secret=secrets.token_hex(32), java=_JAVA), encoding="ascii")
    environment = {
        "SPARK_CONF_DIR": str(settings.parent),
        "SPARK_LOCAL_IP": _LOOPBACK,
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": _JAVA,
    }
    with ExitStack() as running:

        def start(name: str, daemon: str, *arguments: str) -> Path:
            log = folder / f"{name}.log"
            running.enter_context(_daemon(log, environment, daemon, *arguments))
            return log

        place = ["--host", _LOOPBACK, "--port", "0", "--webui-port", "0"]
        master = start("master", "master.Master", *place)
        address = _said(master, r"Starting Spark master at (spark://\S+)", times=1)
        for number in range(workers):
            work = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work")]
            start(f"worker-{number}", "worker.Worker", *place, *work, address)
        _said(master, r"(Registering worker)", times=workers)
        yield environment | {"SPARK_MASTER": address}


@contextmanager
def _daemon(log: Path, environment: dict[str, str], daemon: str, *arguments: str) -> Iterator[None]:
    """One of Spark's daemons, and what it starts, until the end."""
    import pyspark

    home = str(Path(pyspark.__file__).parent)
    command = [f"{home}/bin/spark-class", f"org.apache.spark.deploy.{daemon}", *arguments]
    with (
        log.open("w") as out,
        subprocess.Popen(
            [*_AS_LONG_AS_WE_LIVE, *command], env=os.environ | environment | {"SPARK_HOME": home},
            stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True,
        ),
    ):  # fmt: skip
        yield


def _said(log: Path, pattern: str, times: int) -> str:
    """What a log says first, once it has said it so many times."""
    deadline = time.monotonic() + _PATIENCE
    while len(found := re.findall(pattern, log.read_text(encoding="utf-8"))) < times:
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text(encoding="utf-8"))
        time.sleep(0.1)
    return str(found[0])
