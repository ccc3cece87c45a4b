# SPDX-License-Identifier: Apache-2.0
"""The printed table: work, Coracle, Linux guest, ratio, goal.  A goal is said to be missed, never asserted."""
import statistics

WIDTHS = "{:<60} {:>12} {:>14} {:>8}  {}"


def header():
    print(WIDTHS.format("work", "Coracle", "Linux guest", "ratio", "goal"), flush=True)


def number(v):
    return "-" if v is None else f"{v:,.0f}" if abs(v) >= 10 else f"{v:.2f}"


def verdict(value, goal, more_is_better=False):
    if goal is None or value is None:
        return ""
    ok = value >= goal if more_is_better else value <= goal
    return f"{'>=' if more_is_better else '<='} {goal:,}  " + ("ok" if ok else f"missed by {abs(value / goal - 1):.0%}")


def row(work, unit, values, goal=None):
    """Figures that are the same on any machine; the goal is Coracle's own, in the same unit."""
    ours, peer = values.get("Coracle"), values.get("Linux guest")
    ratio = f"1/{peer / ours:,.{1 if peer < 100 * ours else 0}f}" if ours and peer else ""
    print(WIDTHS.format(f"{work} [{unit}]", number(ours), number(peer), ratio, verdict(ours, goal)), flush=True)


def rates(work, unit, samples, goal=None):
    """Wall-clock rates of interleaved runs: only their ratio means something, so the goal is the ratio's."""
    mid = {name: statistics.median(s) for name, s in samples.items()}
    ratio, spread = None, ""
    if len(samples) == 2:
        each = [a / b for a, b in zip(samples["Coracle"], samples["Linux guest"])]
        ratio, spread = statistics.median(each), f"  [{min(each):.2f} .. {max(each):.2f}]"
    print(WIDTHS.format(f"{work} [{unit}]", number(mid.get("Coracle")), number(mid.get("Linux guest")),
                        f"{ratio:.2f}" if ratio else "", verdict(ratio, goal, True) + spread), flush=True)


def times(work, unit, samples, goal=None):
    """Times of interleaved runs: the ratio is the peer's for ours, with its spread; a goal only stands beside."""
    mid = {name: statistics.median(s) for name, s in samples.items()}
    ratio, spread = "", ""
    if len(samples) == 2:
        each = [b / a for a, b in zip(samples["Coracle"], samples["Linux guest"])]
        ratio, spread = f"1/{statistics.median(each):.1f}", f"[1/{min(each):.1f} .. 1/{max(each):.1f}]"
    print(WIDTHS.format(f"{work} [{unit}]", number(mid.get("Coracle")), number(mid.get("Linux guest")), ratio,
                        (f"<= {goal}  " if goal else "") + spread), flush=True)


def gain(work, gains, goal=None):
    """How many times as much one change brings in each guest; the goal is Coracle's."""
    mid = {name: statistics.median(g) for name, g in gains.items()}
    ours = gains.get("Coracle", [])
    spread = f"  [{min(ours):.2f} .. {max(ours):.2f}]" if len(ours) > 1 else ""
    print(WIDTHS.format(f"{work} [times]", number(mid.get("Coracle")), number(mid.get("Linux guest")), "",
                        verdict(mid.get("Coracle"), goal, True) + spread), flush=True)


def skipped(work, why):
    print(f"{work}: {why}; left out", flush=True)
