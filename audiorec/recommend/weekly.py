"""Weekly discovery: what a user has not heard, near to what the user loves, new each week and the same all week.

The taste is a draw from the songs that the user plays, clustered: each interest has its share of the list, and each
week draws anew. Part of the list is tracks that nobody has played, which no listening can recommend.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from audiorec.recommend import order, rules
from audiorec.recommend.candidates import query
from audiorec.recommend.choose import Choice, Pick, choose, explained
from audiorec.recommend.pool import Pool, Song

SONGS = 30
COLD_SHARE = 0.2  #: of the list: tracks that nobody has played
DRAWN = 40  #: loved tracks that a week starts from
REST_DAYS = 60  #: so long ago is as good as never
OFFERED_WEEKS = 8  #: for which nothing is offered again


@dataclass(frozen=True, order=True)
class Week:
    """A week of the ISO calendar, which begins on a Monday.

    >>> str(Week.of(date(2024, 12, 31))), Week(2025, 1).monday
    ('2025-W01', datetime.date(2024, 12, 30))
    """

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Week:
        """Return the week that a day is in."""
        return cls(*day.isocalendar()[:2])

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def start(self) -> float:
        """The beginning, UTC, in seconds since 1970."""
        return datetime(*self.monday.timetuple()[:3], tzinfo=UTC).timestamp()

    def back(self, count: int) -> Week:
        """Return the week so many weeks earlier."""
        return Week.of(self.monday - timedelta(weeks=count))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02}"


def weekly(
    pool: Pool,
    loved: dict[int, float],
    *,
    user: str,
    week: Week,
    n: int = SONGS,
    blend: float = 0.0,
    listener: np.ndarray | None = None,
    heard: Sequence[Song] = (),
    offered: Sequence[Sequence[Song]] = (),
) -> list[Pick]:
    """Return the discoveries of a user for a week, in a smooth order.

    The same pool, taste and week give the same picks.

    Parameters
    ----------
    pool : Pool
    loved : id → weight above 0, of the tracks that the user plays; those not in the pool are passed over
    user, week : together the seed of what is drawn
    n : number of picks; fewer where the library has no more
    blend : how much listening counts against sound, 0-1
    listener : (f,), optional
        The user's half, as `audiorec.fusion.listener_halves` has it: takes the place of the loved tracks' halves.
    heard : songs that the user has heard within `REST_DAYS`
    offered : songs that the user was offered in each of the last `OFFERED_WEEKS`, the earliest week first

    Raises
    ------
    ValueError
        `n` is less than 1, or no loved track is in the pool and is not silence.
    """
    if n < 1:
        raise ValueError(f"n={n} must be at least 1")
    rng = np.random.default_rng([week.year, week.number, zlib.crc32(user.encode())])
    rows, weights = _drawn(pool, loved, rng)
    wanted = query(pool, rows, blend, rng, weights)
    if listener is not None and pool.collaborative is not None:
        wanted = wanted.heard_by(listener)
    allowed = pool.audible.copy()
    allowed[rows] = False
    choices: list[Choice] = []
    for share, among, give_way in ((COLD_SHARE, pool.cold, False), (1, ~pool.cold, False), (1, allowed, True)):
        left = min(n - len(choices), round(share * n))
        held = _rules([choice.song for choice in choices], heard, offered)
        choices += choose(pool, wanted, held, left, allowed=allowed & among, give_way=give_way, rng=rng)
    songs = [choice.song for choice in choices]
    best = max(range(len(songs)), key=lambda at: choices[at].score, default=0)
    seeds = list(pool.songs(pool.ids[rows].tolist()))
    return explained(pool, [choices[at] for at in order.smooth(songs, first=best)], seeds, blend)


def _drawn(pool: Pool, loved: dict[int, float], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and weights of at most `DRAWN` loved tracks, drawn by their weights."""
    rows = pool.rows(sorted(loved))
    rows = rows[pool.audible[rows]]
    if not len(rows):
        raise ValueError("loved must name at least one track of the pool that is not silence")
    weights = np.array([loved[track_id] for track_id in pool.ids[rows].tolist()])
    if len(rows) > DRAWN:
        drawn = np.sort(rng.choice(len(rows), DRAWN, replace=False, p=weights / weights.sum()))
        rows, weights = rows[drawn], weights[drawn]
    return rows, weights


def _rules(chosen: Sequence[Song], heard: Sequence[Song], offered: Sequence[Sequence[Song]]) -> list[rules.Rule]:
    return [
        rules.music(),
        rules.one_version(chosen),
        rules.few_by_artist(known=chosen),
        rules.not_heard_lately(heard),
        rules.not_offered_lately(offered),
    ]
