"""Choices of simulated people, to hold what finds drift against a known truth."""

from itertools import pairwise

import numpy as np

from zhiyue.engine.drift.academy import Choices
from zhiyue.engine.simulate import chance
from zhiyue.engine.simulate.day import live_a_day
from zhiyue.engine.simulate.kinds import NONE, Course, Kind, Lesson, catalogue, newcomers
from zhiyue.engine.simulate.people import nature

DAY = 739_500
TOPICS = ("ai", "data", "design", "life", "money", "music", "product", "writing")
TURNED_TO = (Kind.CHOOSE, Kind.VIEW, Kind.OPEN, Kind.READ, Kind.FINISH, Kind.SAVE, Kind.ENROL)


def academy(courses=40):
    def lessons(n):
        return tuple(Lesson(10 * n + k, 5 + k, k == 0) for k in range(5))

    return catalogue(
        [
            Course(
                id=n + 1,
                topic=TOPICS[n % len(TOPICS)],
                tags=(f"tag {n % 5}", f"tag {n % 7} b"),
                price_fen=0 if n % 3 == 0 else 4900 + 1000 * (n % 12),
                published_day=DAY - 400,
                lessons=lessons(n),
            )
            for n in range(courses)
        ]
    )


def lived(parameters, *, people, days):
    """What `people` members of half a year's standing turn to in `days` days: one row a choice, oldest first."""
    shown = academy()
    key = chance.keys([f"person {n}" for n in range(people)])
    crowd = newcomers(key, DAY - 30 - np.arange(people) % 200.0, shown)
    who = nature(parameters, key)
    rows = []
    for day in range(days):
        acts = live_a_day(parameters, shown, crowd, who, DAY + day)
        turned = (acts.course != NONE) & np.isin(acts.kind, TURNED_TO)
        topic = shown.topic[acts.course[turned]]
        said = np.stack([acts.person[turned], np.full(turned.sum(), day), topic], axis=1)
        _, first = np.unique(said, axis=0, return_index=True)
        rows.append(said[np.sort(first)])
    person, day, topic = np.concatenate(rows).T
    return Choices(person, day, topic, people, days, len(TOPICS))


def of_each(choices):
    """(topics, days) of every person, oldest first."""
    order = np.argsort(choices.person, kind="stable")
    edges = np.searchsorted(choices.person[order], np.arange(choices.people + 1))
    return [
        (choices.topic[order][low:high], choices.day[order][low:high].astype(float))
        for low, high in pairwise(edges)
    ]
