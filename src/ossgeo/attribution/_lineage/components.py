"""Cycles in a directed graph: its strongly connected components."""

from __future__ import annotations

from collections.abc import Sequence


def components(following: Sequence[Sequence[int]]) -> list[int]:
    """Number the strongly connected components.

    Args:
        following: For each node the nodes that it points to.

    Returns:
        For each node the number of its component: two nodes share it if each can be reached from the other.

    Source: R. Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on Computing 1 (1972); without
        recursion, so that a chain can be of any length.

    Example:
        >>> first, second, third = components([[1], [0], [0]])
        >>> first == second, first == third
        (True, False)
    """
    unseen = -1
    order = [unseen] * len(following)
    low = [0] * len(following)
    component = [unseen] * len(following)
    path: list[int] = []
    counter = found = 0
    for root in range(len(following)):
        if order[root] != unseen:
            continue
        order[root] = low[root] = counter
        counter += 1
        path.append(root)
        work = [(root, iter(following[root]))]
        while work:
            node, rest = work[-1]
            child = next((one for one in rest if component[one] == unseen), None)
            if child is None:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == order[node]:
                    while component[node] == unseen:
                        component[path.pop()] = found
                    found += 1
            elif order[child] == unseen:
                order[child] = low[child] = counter
                counter += 1
                path.append(child)
                work.append((child, iter(following[child])))
            else:
                low[node] = min(low[node], order[child])
    return component
