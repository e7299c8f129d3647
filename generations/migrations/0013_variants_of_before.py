"""Which rate priced what was accepted before that was kept, and what it came to before the margin."""

from typing import Any

from django.db import migrations

ROUND = 2_000


def fill(apps: Any, schema_editor: Any) -> None:
    """By the catalogue's own words. An input that was erased, or a model that is gone, leaves them empty: its sums
    then stand under no variant, and what-if leaves it out."""
    from generations import catalog
    from generations.catalog.base import Entry

    generations = apps.get_model("generations", "Generation")
    last = None
    while True:
        rows = generations.objects.select_related("price_version").order_by("id")
        batch = list((rows.filter(id__gt=last) if last else rows)[:ROUND])
        for row in batch:
            entry: Entry | None = catalog.ENTRIES.get(row.model)
            if entry is None:
                continue
            try:
                row.variant = entry.variant(row.input)
                if row.status == "succeeded":
                    rates = row.price_version.rates
                    usage = _usage(entry, row) if row.kind == "text" else None
                    made = entry.capture(row.input, rates, row.output_count, usage)
                    row.list_amount = min(made, entry.hold(row.input, rates))  # as pricing.list_amount
            except (KeyError, TypeError, ValueError):
                continue
        generations.objects.bulk_update(batch, ["variant", "list_amount"], batch_size=500)
        if len(batch) < ROUND:
            return
        last = batch[-1].id


def _usage(entry: Any, row: Any) -> int:
    """What a text was charged by: its bill, or our own count."""
    if row.actual_cost is not None:
        return int(row.actual_cost)
    return int(entry.own_count_cost(row.input, row.text, row.price_version.rates))


class Migration(migrations.Migration):
    dependencies = [("generations", "0012_oversight")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
