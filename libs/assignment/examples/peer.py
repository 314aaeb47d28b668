"""Solves an instance dumped by the bench example with OR-Tools' SimpleMinCostFlow.

DUMP=/tmp/sparse.bin cargo run --release -p assignment --example bench -- sparse 100000
python3 peer.py /tmp/sparse.bin
"""

import sys
import time

import numpy as np
from ortools.graph.python import min_cost_flow

numbers = np.fromfile(sys.argv[1], dtype="<i8")
mentors = int(numbers[0])
capacity = numbers[1 : 1 + mentors]
mentee, mentor, score = numbers[1 + mentors :].reshape(-1, 3).T
mentees = int(mentee.max()) + 1

begun = time.perf_counter()
flow = min_cost_flow.SimpleMinCostFlow()
sink = mentees + mentors
flow.add_arcs_with_capacity_and_unit_cost(mentee, mentees + mentor, np.ones_like(mentee), -score)
places = mentees + np.arange(mentors)
flow.add_arcs_with_capacity_and_unit_cost(places, np.full(mentors, sink), capacity, np.zeros(mentors, dtype=np.int64))
people = np.arange(mentees)
# Going without costs nothing.
flow.add_arcs_with_capacity_and_unit_cost(people, np.full(mentees, sink), np.ones_like(people), np.zeros_like(people))
flow.set_nodes_supplies(np.append(people, sink), np.append(np.ones_like(people), -mentees))
status = flow.solve()
assert status == flow.OPTIMAL, status
print(f"total {-flow.optimal_cost()} in {time.perf_counter() - begun:.2f} s")
