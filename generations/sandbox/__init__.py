"""A provider to develop against: the KIE and fal dialects on loopback (design section 9).

`python -m generations.sandbox --port 8900` runs it as a process of its own. It knows nothing of the product: what it
validates, charges and signs is written here again from providers/kie.md and providers/fal.md, so that its counters
can judge the product. It makes real files, takes a realistic time, and plays every fault of `faults.FAULTS` when the
prompt holds its word in double brackets or the control interface (`/_control/...`) asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the sandbox until a signal stops it; `argv` are command-line arguments without the program's name."""
    from generations.sandbox.server import run

    return run(argv)
