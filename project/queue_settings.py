"""django-q2's settings, apart from the queue itself because django_q reads the settings when it is imported.

style.md 8.6: queue_limit 1 and retry > timeout x (ceil((queue_limit + 1) / workers) + 1) + margin, kept by a system
check (project/checks.py).
"""

from __future__ import annotations

from typing import Any

MAIN_TIMEOUT = 60  # seconds; longer than any HTTP deadline of a job in the main lane
STORE_TIMEOUT = 600  # downloads have their own lane
HOOKS_TIMEOUT = 60  # so have customers' receivers, who may be slow: 20 s a call, and what is written before and after
POLL = 0.1  # seconds between looks at the queue

# What a worker may run, by name; names are stored in the queue.
JOBS = (
    "generations.tasks.dispatch",
    "generations.tasks.observe",
    "generations.tasks.store",
    "generations.tasks.process_callback",
    "generations.tasks.remove_files",
    "generations.tasks.read_balance",
    "generations.tasks.close_balance_day",
    "generations.tasks.take_bill",
    "generations.tasks.settle_bills",
    "generations.tasks.sweep",
    "generations.tasks.check_books",
    "generations.tasks.tell_alert",
    "billing.tasks.process_stripe_event",
    "billing.tasks.compare_stripe_events",
    "billing.tasks.converge_payment",
    "billing.tasks.send_refund",
    "billing.tasks.recharge",
    "billing.tasks.detach_card",
    "billing.tasks.warn_low_balance",
    "billing.tasks.tell_customer",
    "accounts.tasks.deliver",
    "project.mail.deliver",
)
# What the clock calls, each second and each minute.
CLOCK = {
    "ring": (
        "generations.sweeps.ring_due",
        "billing.sweeps.ring_due",
        "accounts.webhooks.sweeps.ring_due",
        "project.mail.ring_due",
        "generations.oversight.alert_delivery.ring_due",
    ),
    "sweep": (
        "generations.sweeps.sweep",
        "billing.sweeps.sweep",
        "accounts.webhooks.sweeps.sweep",
        "project.mail.sweep",
        "project.limits.prune",
        "generations.oversight.alert_watch.watch",
    ),
}


def hook_workers(workers: int) -> int:
    """Workers of the hooks lane: they mostly wait, and one of them must be left when a slow host holds the others."""
    return max(3, workers)


def cluster(*, workers: int) -> dict[str, Any]:
    """Q_CLUSTER for `workers` processes in the main lane, half as many (at least one) in the store lane and as many (at
    least three) in the hooks lane."""
    return {
        "name": "main",
        "orm": "default",
        "workers": workers,
        "queue_limit": 1,
        "bulk": 1,
        "timeout": MAIN_TIMEOUT,
        "retry": 300,
        "max_attempts": 5,
        "ack_failures": False,
        "catch_up": False,
        "poll": POLL,
        "recycle": 200,
        "max_rss": 400_000,
        "save_limit": -1,
        "scheduler": False,  # the supervisor is our clock; one bad Schedule row would stop them all (style.md 8.2)
        "ALT_CLUSTERS": {
            "store": {"workers": max(1, workers // 2), "timeout": STORE_TIMEOUT, "retry": 2_400},
            "hooks": {"workers": hook_workers(workers), "timeout": HOOKS_TIMEOUT, "retry": 300},
        },
    }
