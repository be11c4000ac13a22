"""Write simulated-history.csv: what nine invented listeners might have played of the samples.

    python samples/simulate_history.py > samples/simulated-history.csv

Nobody listened to anything. Each listener has a favourite kind of music, plays some of its tracks often, the others of
it never, and now and then something else; six tracks nobody plays.
"""

import csv
import random
import sys
from datetime import UTC, datetime

KINDS = {
    "rock": (
        "askyel_eridanis-rock.ogg",
        "daniel-roux_jazz-buzzing-easteregg.ogg",
        "ghost_warm-ink.opus",
        "obsidian-shell_elveszett-lelkek.ogg",
        "obsidian-shell_ezer-ev.ogg",
        "stephen-cameron_lucky-13.ogg",
    ),
    "electronic": (
        "askyel_terminal.ogg",
        "deceased-superior-technician_azum.ogg",
        "dj-helium_zen-garden.ogg",
        "jdruid_trip-on-the-funny-boat.ogg",
        "karl-macklin_geoscape-theme-1.opus",
        "mrrescue_rockerronni.ogg",
        "paniq_randomness-decides.ogg",
        "subvulture_the-money-ran-out-rudy.ogg",
    ),
    "quiet": (
        "ben-zeigler_brave-warrior-emerges.ogg",
        "czech-national-symphony-orchestra_morning.opus",
        "stian-grenborgen_musicbox.ogg",
        "stuart-marshall_we-work-in-the-vineyards.ogg",
        "willhoite_brandenburg-concerto-2.ogg",
        "yd_galactic-temple.opus",
    ),
}
LISTENERS = {
    "rock": ("ann", "bob", "cai"),
    "electronic": ("dan", "eve", "fay"),
    "quiet": ("gil", "hal", "ida"),
}
PLAYS = 30  #: of a listener
LOYALTY = 0.85  #: share of the plays that are of the favourite kind
UNKNOWN = 2  #: tracks of that kind that a listener does not know
FIRST, LAST = (datetime(2025, *day, tzinfo=UTC).timestamp() for day in ((1, 1), (6, 20)))


def plays(rng, kind, user):
    known = rng.sample(KINDS[kind], len(KINDS[kind]) - UNKNOWN)
    others = [track for other, tracks in KINDS.items() if other != kind for track in tracks]
    for _ in range(PLAYS):
        track = rng.choice(known if rng.random() < LOYALTY else others)
        time = datetime.fromtimestamp(rng.uniform(FIRST, LAST), UTC)
        yield f"simulated {user}", f"samples/{track}", time.strftime("%Y-%m-%dT%H:%M:%SZ")


def main():
    rng = random.Random(0)
    rows = [row for kind, users in LISTENERS.items() for user in users for row in plays(rng, kind, user)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("user", "track", "timestamp"))
    writer.writerows(sorted(rows, key=lambda row: row[2]))


if __name__ == "__main__":
    main()
