"""Long work in numbered batches: computed anywhere, in any order, handed back in theirs.

How an analysis comes to run on many cores, on many machines, and to survive:

    1. Write a Job: a frozen dataclass that can be pickled, with `__call__(batch) -> Arrays` and `digest`.
    2. Take a `runner: Runner = run_batches` and a `progress`; work with `list(runner(job, batches, progress=...))`.
    3. In the command, take the options Workers, Scheduler and Resume and get the runner from
       `sim.cli.long_run.long_run`, writing the run folder before that context ends.

What a Job promises:
    - its results depend on the job and the batch number alone: no global, no clock, no order of calls, no file;
    - a batch is a mapping of names to arrays of numbers, booleans or text (never objects), so that it can be kept on
      disk without pickle; it is small against the work that it took, for all batches pass through one process;
    - `digest` changes whenever a result could (`digest_of` gives one of dataclasses, arrays and plain values);
    - an error of the user's is raised as an `InputError` and ends the work.
What a Runner promises:
    - results in the order asked for, to the same bytes, whoever computed them: this process, workers on this machine,
      a Dask cluster, or an earlier run that was interrupted;
    - a bounded number of batches in memory beyond those handed over.
How work is cut into batches is the job's affair, and part of its digest where batches of one cut mean nothing in
another; it must not depend on the number of workers. A batch should take from a tenth of a second to a minute.

Where things are: `contract` the types; `digests` identities; `crew` who works (`processes` on this machine,
`as_needed` the same once the work lasts, `cluster` on Dask); `folder` what is kept of unfinished work (`batch_file`,
`lock`); `long_work` the runner that joins them.
"""

from __future__ import annotations

from sim.work.contract import Arrays, Job, Progress, Runner
from sim.work.crew import Crew, Serial, run_batches
from sim.work.digests import digest_of

__all__ = [
    "Arrays",
    "Crew",
    "Job",
    "Progress",
    "Runner",
    "Serial",
    "digest_of",
    "run_batches",
]
