"""A query stands where its seeds are, and finds what is nearest."""

import numpy as np
import pytest
from pools import checkerboard, circle, line, pool, song

from audiorec.recommend.candidates import POINTS, Query, clusters, nearest, query


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def everything(pool):
    return np.ones(len(pool), bool)


class TestNearest:
    def test_comes_best_first_with_its_cosine(self, rng):
        tracks = line(50)
        rows, scores = nearest(tracks, query(tracks, np.array([0]), 0.0, rng), 4, everything(tracks))
        assert rows.tolist() == [0, 1, 2, 3]
        np.testing.assert_allclose(scores[:, 0], np.cos(np.pi * np.arange(4) / 50), atol=1e-6)

    def test_keeps_to_what_is_allowed(self, rng):
        tracks = line(50)
        rows, _ = nearest(tracks, query(tracks, np.array([0]), 0.0, rng), 3, np.arange(50) % 10 == 5)
        assert rows.tolist() == [5, 15, 25]

    def test_each_point_brings_its_own(self, rng):
        tracks = line(50)
        rows, scores = nearest(tracks, query(tracks, np.array([0, 49]), 0.0, rng), 2, everything(tracks))
        assert sorted(rows.tolist()) == [0, 1, 48, 49]
        assert scores.shape == (4, 2)

    @pytest.mark.parametrize(("blend", "best"), [(0.0, [0, 1]), (1.0, [0, 3])])
    def test_blend_weighs_sound_against_listening(self, rng, blend, best):
        sound, listening = circle(4), circle(4)[[0, 3, 2, 1]]
        tracks = pool([song(i) for i in range(4)], sound, collaborative=listening)
        rows, _ = nearest(tracks, query(tracks, np.array([0]), blend, rng), 2, everything(tracks))
        assert rows.tolist() == best

    def test_score_is_the_blend_of_both_cosines(self, rng):
        vectors = rng.standard_normal((2, 20, 8)).astype(np.float32)
        sound, listening = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
        tracks = pool([song(i) for i in range(20)], sound, collaborative=listening)
        rows, scores = nearest(tracks, query(tracks, np.array([3]), 0.3, rng), 20, everything(tracks))
        np.testing.assert_allclose(
            scores[:, 0], (0.7 * sound @ sound[3] + 0.3 * listening @ listening[3])[rows], atol=1e-6
        )
        np.testing.assert_allclose(scores, tracks.vectors(rows, 0.3) @ tracks.vectors(np.array([3]), 0.3).T, atol=1e-6)


class TestClusters:
    def test_find_the_groups_and_their_shares(self, rng):
        tracks = checkerboard(40)
        weights = np.where(np.arange(40) % 2, 1.0, 3.0)
        centres, shares = clusters(tracks.content, weights, POINTS, rng)
        found = {tuple(centre): share for centre, share in zip(centres.round(3).tolist(), shares, strict=True)}
        assert found == pytest.approx({(1.0, 0.0): 0.75, (0.0, 1.0): 0.25})

    def test_no_more_than_wanted(self, rng):
        centres, shares = clusters(circle(100), np.ones(100), 5, rng)
        assert len(centres) == 5
        assert shares.sum() == pytest.approx(1)

    def test_opposites_have_a_centre_each(self, rng):
        centres, _ = clusters(np.array([[1, 0], [-1, 0]] * 5, np.float32), np.ones(10), 6, rng)
        assert sorted(centres.tolist()) == [[-1, 0], [1, 0]]


def test_few_seeds_are_points_of_their_own(rng):
    tracks = line(10)
    wanted = query(tracks, np.array([2, 7]), 0.0, rng, weights=[3, 1])
    assert wanted.points.tolist() == tracks.content[[2, 7]].tolist()
    assert wanted.shares.tolist() == [0.75, 0.25]


def test_feedback_moves_the_nearest_point_only():
    ahead, aside = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    here = Query(np.array([ahead, -aside]), np.array([0.5, 0.5]), 0.0)
    for moved, closer in ((here.toward(aside), True), (here.away(aside), False)):
        assert moved.points[1].tolist() == here.points[1].tolist()
        assert (moved.points[0] @ aside > 0) == closer
        assert np.linalg.norm(moved.points[0]) == pytest.approx(1)
