"""Solves an instance of the bench example by other means, and prints the same names and values.

    DUMP=/tmp/sparse.bin cargo run --release -p assignment --example bench -- sparse 100000
    python3 peer.py ortools /tmp/sparse.bin        # SimpleMinCostFlow on the listed pairs
    DUMP=/tmp/square.bin cargo run --release -p assignment --example bench -- square 10000
    python3 peer.py lapx /tmp/square.bin           # numpy scores all pairs, lapx assigns; or scipy
"""

import resource
import sys
import time

import numpy as np

UNKNOWN = -1_000_000


def flow(path):
    from ortools.graph.python import min_cost_flow

    numbers = np.fromfile(path, dtype="<i8")
    mentors = int(numbers[0])
    capacity = numbers[1 : 1 + mentors]
    mentee, mentor, score = numbers[1 + mentors :].reshape(-1, 3).T
    mentees = int(mentee.max()) + 1
    begin()
    flow = min_cost_flow.SimpleMinCostFlow()
    sink = mentees + mentors
    flow.add_arcs_with_capacity_and_unit_cost(mentee, mentees + mentor, np.ones_like(mentee), -score)
    places = mentees + np.arange(mentors)
    flow.add_arcs_with_capacity_and_unit_cost(
        places, np.full(mentors, sink), capacity, np.zeros(mentors, dtype=np.int64)
    )
    people = np.arange(mentees)
    # Going without costs nothing.
    flow.add_arcs_with_capacity_and_unit_cost(people, np.full(mentees, sink), np.ones_like(people), np.zeros_like(people))
    flow.set_nodes_supplies(np.append(people, sink), np.append(np.ones_like(people), -mentees))
    status = flow.solve()
    assert status == flow.OPTIMAL, status
    return -flow.optimal_cost()


def dense(path, solver):
    tables = read(path)
    begin()
    score = scores(tables)
    begin_part = time.perf_counter()
    # An infeasible pair is worth as much as none.
    if solver == "lapx":
        import lap

        columns = lap.lapjv((-score).astype(np.float64), return_cost=False)[0]
        total = int(score[np.arange(len(score)), columns].sum())
    else:
        from scipy.optimize import linear_sum_assignment

        total = int(score[linear_sum_assignment(score, maximize=True)].sum())
    print(f"assigning {time.perf_counter() - begin_part:.3f}", end=" ")
    return total


def read(path):
    tables, raw, at = {}, open(path, "rb").read(), 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        name, rows, columns = raw[at:end].decode().split()
        count = int(rows) * int(columns)
        table = np.frombuffer(raw, dtype="<i8", count=count, offset=end + 1).reshape(int(rows), int(columns))
        tables[name] = table
        at = end + 1 + 8 * count
    return tables


def scores(tables):
    """Every pair by the definitions of the criteria, in chunks of rows; infeasible pairs get 0."""
    parts = {}
    for name, table in tables.items():
        if "." in name:
            at, kind, column = name.split(".")
            parts.setdefault((at, kind), {})[column] = table
    mentors = len(tables["capacity"])
    mentees = next(len(part["mentee"]) for part in parts.values() if "mentee" in part)
    score = np.zeros((mentees, mentors), dtype=np.int32)
    for start in range(0, mentees, 250):
        rows = slice(start, min(start + 250, mentees))
        for (at, kind), part in parts.items():
            if not at.startswith("rule"):
                points(score[rows], kind, part, rows, mentors)
        for (at, kind), part in parts.items():
            if at.startswith("rule"):
                score[rows][np.broadcast_to(~allowed(kind, part, rows), score[rows].shape)] = 0
    for (at, kind), part in parts.items():
        if kind == "exclude":
            score[part["pairs"][:, 0], part["pairs"][:, 1]] = 0
    return score


def points(score, kind, part, rows, mentors):
    w = int(part["weight"][0, 0])
    numbers = part.get("numbers")
    if kind == "rating":
        score += np.where(part["mentor"][:, 0] == UNKNOWN, 0, w * part["mentor"][:, 0] // 1000).astype(np.int32)
    elif kind == "mentee_wishes":
        for at, wished in enumerate(part["lists"][rows].T):
            known = np.flatnonzero(wished != UNKNOWN)
            score[known, wished[known]] += w * max(int(numbers[0, 0]) - at, 0) // int(numbers[0, 0])
    elif kind == "mentor_wishes":
        for at, wished in enumerate(part["lists"].T):
            known = np.flatnonzero((wished >= rows.start) & (wished < rows.stop))
            score[wished[known] - rows.start, known] += w * max(int(numbers[0, 0]) - at, 0) // int(numbers[0, 0])
    elif kind == "overlap":
        overlap(score, w, part, rows, mentors)
    elif kind == "closeness":
        a, b = part["mentee"][rows].astype(np.int16), part["mentor"].astype(np.int16)
        apart = sum(np.abs(a[:, d, None] - b[None, :, d]) for d in range(a.shape[1])).astype(np.int32)
        most = int(numbers[0, 0]) * a.shape[1]
        score += w * np.maximum(most - apart, 0) // most
    elif kind == "availability":
        common = part["mentee"][rows].astype(np.float32) @ part["mentor"].T.astype(np.float32)
        score += w * np.minimum(common.astype(np.int32) * 30, int(numbers[0, 0])) // int(numbers[0, 0])
    else:
        a, b = part["mentee"][rows].astype(np.int32), part["mentor"][:, 0].astype(np.int32)[None, :]
        known = (a != UNKNOWN) & (b != UNKNOWN)
        if kind == "window":
            low, high, span = (int(number) for number in numbers[0])
            gap = b - a
            apart = np.maximum(np.maximum(low - gap, gap - high), 0)
            score += np.where(known, w * np.maximum(span - apart, 0) // span, 0)
        elif kind == "zone":
            span = int(numbers[0, 0])
            apart = (b - a) % 1440
            score += np.where(known, w * np.maximum(span - np.minimum(apart, 1440 - apart), 0) // span, 0)
        elif kind == "equal":
            score += np.where(known & (a == b), w, 0)
        elif kind == "table":
            score += np.where(known, (w * numbers // 1000).astype(np.int32)[np.where(known, a, 0), np.where(known, b, 0)], 0)
        else:
            raise ValueError(kind)


def overlap(score, w, part, rows, mentors):
    offered = part["offered"].reshape(mentors, -1, 2)
    levels = np.zeros((int(offered[:, :, 0].max()) + 1, mentors), dtype=np.int32)
    mentor, slot = np.nonzero(offered[:, :, 0] != UNKNOWN)
    levels[offered[mentor, slot, 0], mentor] = offered[mentor, slot, 1]
    wanted = part["wanted"][rows]
    wanted = wanted.reshape(len(wanted), -1, 3)
    known = wanted[:, :, 0] != UNKNOWN
    total = np.where(known, wanted[:, :, 2], 0).sum(axis=1)
    for at in range(wanted.shape[1]):
        for row in np.flatnonzero(known[:, at]):
            skill, level, importance = (int(number) for number in wanted[row, at])
            if skill < len(levels):
                score[row] += w * importance * np.minimum(levels[skill], level) // (level * int(total[row]))


def allowed(kind, part, rows):
    if kind == "exclude":
        return np.True_
    a, b = part["mentee"][rows], part["mentor"][:, 0][None, :]
    if kind == "differ":
        return (a == UNKNOWN) | (a != b)
    if kind == "share":
        return (a == 0) | (a & b != 0)
    return (a != 0) & (b != 0)


def begin():
    global wall, processor
    wall, processor = time.perf_counter(), time.process_time()


solver, path = sys.argv[1:]
total = flow(path) if solver == "ortools" else dense(path, solver)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(
    f"wall {time.perf_counter() - wall:.3f} cpu {time.process_time() - processor:.3f} peak {peak:.1f} total {total}"
)
