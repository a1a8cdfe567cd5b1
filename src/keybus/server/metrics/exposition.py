"""Prometheus' text format.

Source: Prometheus documentation, "Exposition formats", text-based format, version 0.0.4.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, Literal

import msgspec

from keybus.bus.metering.histogram import Histogram

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Kind = Literal["counter", "gauge", "histogram"]


class Sample(msgspec.Struct, frozen=True):
    """One value of a metric, or one histogram.

    Attributes:
        value: The value.
        labels: Its labels, by name.
    """

    value: float | Histogram
    labels: Mapping[str, str] = {}


class Metric(msgspec.Struct, frozen=True):
    """A metric with all its samples.

    Attributes:
        name: Its name, with the unit, and ``_total`` where it is a counter.
        kind: What it is.
        help: What it says, in one line.
        samples: Its values.
    """

    name: str
    kind: Kind
    help: str
    samples: Sequence[Sample]


def exposition(metrics: Iterable[Metric]) -> bytes:
    """Metrics as Prometheus reads them."""
    return "".join(line + "\n" for metric in metrics for line in _lines(metric)).encode()


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {_escaped(metric.help)}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for sample in metric.samples:
        if isinstance(sample.value, Histogram):
            yield from _buckets(metric.name, sample.value, sample.labels)
        else:
            yield f"{metric.name}{_labels(sample.labels)} {_number(sample.value)}"


def _buckets(name: str, histogram: Histogram, labels: Mapping[str, str]) -> Iterator[str]:
    counts = list(accumulate(list(histogram.counts)))
    for bound, count in zip([*histogram.bounds, float("inf")], counts, strict=True):
        yield f"{name}_bucket{_labels({**labels, 'le': _number(bound)})} {count}"
    yield f"{name}_sum{_labels(labels)} {_number(histogram.total)}"
    yield f"{name}_count{_labels(labels)} {counts[-1]}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inner = ",".join(
        f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"'
        for name, value in labels.items()
    )
    return f"{{{inner}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return repr(int(value)) if value == int(value) else repr(float(value))
