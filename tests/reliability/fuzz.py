"""Damaged and absurd files, thousands of them, through every reader.

    python tests/reliability/fuzz.py --count 5000 --seed 0

Counts what must not happen: a traceback, a hang, a crash, memory beyond 2 GB, a file written where none belongs, a
result that is silently wrong (see readers.py). Prints a table, and each fault with what makes it again (``--only N``);
exits with 1 if there was any. The same seed and count give the same files.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import mutations  # noqa: E402
from readers import Reader, Result, samples  # noqa: E402

from motionrecon.errors import MotionReconError  # noqa: E402

#: Bytes beyond what a process has before it reads its first file.
MEMORY = 2 << 30
#: Seconds for one file.
PATIENCE = 60
#: Files that one process reads before the next takes over.
_BLOCK = 250
FAULTS = ("traceback", "hang", "crash", "memory", "stray file", "silently wrong")


class _Handler(logging.Handler):
    """Notes what motionrecon warns of."""

    told: list[str]

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def run(count: int, seed: int, only: int | None = None) -> int:
    """Read ``count`` damaged files; returns the number of faults, after they were printed."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        made = samples(Path(name) / "samples")
        undamaged = []
        for reader, place in made:
            told: list[str] = []
            undamaged.append(reader.read(place, told))
            assert not told, f"{reader.name}: the undamaged sample warns: {told}"
        table: dict[str, Counter[str]] = {reader.name: Counter() for reader, _ in made}
        faults = []
        cases: Iterable[int] = range(count) if only is None else [only]
        for case, outcome, detail in _in_processes(list(cases), seed, made, undamaged, Path(name)):
            reader = made[case % len(made)][0]
            table[reader.name][outcome] += 1
            if outcome in FAULTS:
                faults.append(f"{outcome}: {reader.name}, case {case} of seed {seed}: {detail}")
    columns = ("refused", "told", "the same", "another", *FAULTS)
    print(f"{'':24}" + "".join(f"{column:>15}" for column in columns))
    for row, counts in [*table.items(), ("all", sum(table.values(), Counter()))]:
        print(f"{row:24}" + "".join(f"{counts[column]:>15}" for column in columns))
    print(f"{count} files in {time.perf_counter() - began:.0f} s; faults: {len(faults)}")
    for fault in faults[:100]:
        print(fault)
    return len(faults)


def _in_processes(
    cases: list[int], seed: int, made: list[tuple[Reader, Path]], undamaged: list[Result], work: Path
) -> Iterable[tuple[int, str, str]]:
    """(case, outcome, detail) of each; a process that hangs or dies is a fault of the case that it was at."""
    while cases:
        block = cases[:_BLOCK]
        answers, ours = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(answers)
                _work(block, seed, made, undamaged, work, ours)
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:  # whatever happens, what follows belongs to the process that started this one
                os._exit(1)
        os.close(ours)
        done, buffer = 0, b""
        hung = False
        while True:
            ready, _, _ = select.select([answers], [], [], PATIENCE)
            if not ready:
                hung = True
                os.kill(pid, signal.SIGKILL)
                break
            part = os.read(answers, 1 << 16)
            if not part:
                break
            *rows, buffer = (buffer + part).split(b"\n")
            for row in rows:
                done += 1
                yield tuple(json.loads(row))
        os.close(answers)
        _, status = os.waitpid(pid, 0)
        if done < len(block):
            code = os.waitstatus_to_exitcode(status)
            yield block[done], "hang" if hung else "crash", f"over {PATIENCE} s" if hung else f"exit code {code}"
            done += 1
        cases = cases[done:]


def _work(block: list[int], seed: int, made: list, undamaged: list[Result], work: Path, out: int) -> None:
    """A process: read the files of a block and write down what came of each."""
    folder = Path(tempfile.mkdtemp(dir=work))
    os.chdir(folder)
    (folder / "here").mkdir()
    os.chdir(folder / "here")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    warnings.simplefilter("ignore")
    handler = _Handler()
    logging.getLogger("motionrecon").addHandler(handler)
    logging.getLogger("motionrecon").propagate = False
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    for case in block:
        outcome, detail = _one(case, seed, made, undamaged, folder, handler)
        os.write(out, json.dumps([case, outcome, detail[:1500]]).encode() + b"\n")
    os._exit(0)


def damaged(reader: Reader, content: bytes, case: int, seed: int, others: list[bytes]) -> tuple[bytes, bool, str]:
    """A damaged file, whether only its bytes were damaged, and how."""
    rng = random.Random(f"{seed} {case}")
    if rng.random() < 0.03:
        return rng.choice(others), True, "a file of another kind"
    if reader.file.endswith(".npz") and rng.random() < 0.004:
        return mutations.npz_bomb(content, rng), False, "npz_bomb"
    of_bytes = not reader.absurdities or rng.random() < 0.5
    damage = rng.choice(reader.byte_damages if of_bytes else reader.absurdities)
    try:
        return damage(content, rng), of_bytes, damage.__name__
    except (IndexError, ValueError, UnicodeDecodeError):
        return mutations.flip_bits(content, rng), True, "flip_bits"


def _one(
    case: int, seed: int, made: list[tuple[Reader, Path]], undamaged: list[Result], folder: Path, handler: _Handler
) -> tuple[str, str]:
    reader, sample = made[case % len(made)]
    others = [(place / other.file).read_bytes() for other, place in made if other.file != reader.file]
    content, of_bytes, how = damaged(reader, (sample / reader.file).read_bytes(), case, seed, others)
    place = folder / "sample"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(sample, place)
    (place / reader.file).write_bytes(content)
    before = set(place.rglob("*"))
    told: list[str] = []
    handler.told = told
    try:
        result = reader.read(place, told)
    except MotionReconError as error:
        chain: BaseException | None = error
        while chain is not None:
            if isinstance(chain, MemoryError):
                return "memory", f"{how}: {error}"
            chain = chain.__cause__ or chain.__context__
        if len(str(error)) > 1000:
            return (
                "traceback",
                f"{how}: a message of {len(str(error))} characters in {str(error).count(chr(10)) + 1} lines",
            )
        outcome, detail = "refused", str(error)
    except MemoryError:
        return "memory", how
    except BaseException:
        return "traceback", f"{how}: {' | '.join(traceback.format_exc(limit=-4).splitlines())}"
    else:
        if told:
            outcome, detail = "told", told[0]
        elif content == (sample / reader.file).read_bytes():
            outcome, detail = "the same", ""
        else:
            try:
                wrong = reader.wrong(undamaged[case % len(made)], result, content, of_bytes)
            except Exception as error:  # the independent reading cannot make sense of what the reader accepted
                wrong = f"accepted what an independent reading refuses ({type(error).__name__}: {error})"
            if wrong:
                return "silently wrong", f"{how}: {wrong}"
            outcome, detail = "another" if reader.absurdities and not of_bytes else "the same", ""
    stray = [*(folder / "here").iterdir(), *(set(place.rglob("*")) - before if reader.name != "marker" else ())]
    if stray:
        for path in stray:
            path.unlink()
        return "stray file", f"{how}: {', '.join(path.name for path in stray)}"
    return outcome, detail


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one case, as a fault names it")
    given = parser.parse_args()
    sys.exit(1 if run(given.count, given.seed, given.only) else 0)
