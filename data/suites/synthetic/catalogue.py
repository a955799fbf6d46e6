"""Which clips there are: every action by some people, seen from some places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from motionrecon.data.suites.synthetic.acted import Act
from motionrecon.data.suites.synthetic.authored import Carry, SitDown, Squat
from motionrecon.data.suites.synthetic.people import TEST, TUNING
from motionrecon.data.suites.synthetic.recorded import Recorded
from motionrecon.data.suites.synthetic.viewpoints import VIEWPOINTS
from motionrecon.research.bench.reconstruct.suite import BenchClip, Split

SUITE = "synthetic"
#: Clips of each action, and by how many people they are done.
EACH = {Split.TUNING: 8, Split.TEST: 5}
CAST = {Split.TUNING: 4, Split.TEST: 2}


@dataclass(frozen=True)
class Action:
    """What somebody does.

    Attributes:
        act: the motion.
        simulated: whether a simulated body does it, whose forces are exact; else there are none to compare with.
    """

    act: Act
    simulated: bool = False


#: No recording here is trained or tuned on, but for the cartwheel's, on which the windows' weights were trained.
_TEST_ACTIONS: dict[str, Action] = {
    "walk": Action(Recorded("test_clips", "test/walking/walking_1", 0.0, 3.0, walks=True), simulated=True),
    "run": Action(Recorded("deepmimic", "run", 0.0, 2.0)),
    "jump": Action(Recorded("deepmimic", "jump", 0.0, 2.0)),
    "kick": Action(Recorded("deepmimic", "kick", 0.0, 2.0)),
    "dance": Action(Recorded("deepmimic", "dance_b", 0.0, 2.4)),
    "squat": Action(Squat(0.52, 0.75, 1.1, 0.85), simulated=True),
    "sit down": Action(SitDown(0.80, 0.9, 1.1, 0.8)),
    "stand up": Action(SitDown(0.70, 0.5, 1.0, 0.8, backwards=True)),
    "get up": Action(Recorded("deepmimic", "getup_facedown", 0.5, 2.4)),
    "cartwheel": Action(Recorded("deepmimic", "cartwheel", 0.2, 2.3)),
    "turn": Action(Recorded("test_actions", "train/directing_traffic/directing_traffic_1", 1.9, 2.3, walks=True)),
    "carry": Action(Carry(Recorded("test_clips", "test/walking_extra/walking_10", 0.4, 2.4, walks=True), 0.25, 1.25)),
}
_TUNING_ACTIONS: dict[str, Action] = {
    "stroll": Action(Recorded("tune", "train/walking/walking_5", 0.0, 2.75, walks=True), simulated=True),
    "hop": Action(Recorded("tune", "train/jumping/jumping_5", 0.4, 2.2)),
    "ballet": Action(Recorded("tune", "05_12", 8.8, 2.2)),
    "bend": Action(Recorded("tune", "13_30", 11.9, 2.2)),
    "jacks": Action(Recorded("tune", "13_30", 1.0, 2.0)),
    "crouch": Action(Squat(0.35, 0.45, 0.4, 0.75), simulated=True),
    "perch": Action(SitDown(0.60, 1.2, 1.0, 0.7, stool=True)),
    "leap": Action(Recorded("tune", "train/jumping/jumping_5", 0.0, 3.0), simulated=True),
    "lunge": Action(Recorded("tune", "02_08", 8.0, 2.8), simulated=True),
    "fence": Action(Recorded("tune", "02_08", 4.0, 2.8), simulated=True),
    "dribble": Action(Recorded("tune", "train/basketball/basketball_5", 0.2, 2.8), simulated=True),
    "pass": Action(Recorded("tune", "train/soccer/soccer_5", 0.5, 2.8), simulated=True),
    "backflip": Action(Recorded("deepmimic", "backflip", 0.0, 1.75)),
    "roll": Action(Recorded("deepmimic", "roll", 0.0, 2.0)),
    "spin": Action(Recorded("deepmimic", "spin", 0.5, 2.5)),
    "crawl": Action(Recorded("deepmimic", "crawl", 0.0, 2.5)),
}
ACTIONS: Mapping[Split, Mapping[str, Action]] = MappingProxyType(
    {Split.TUNING: _TUNING_ACTIONS, Split.TEST: _TEST_ACTIONS}
)
_ACTORS = {Split.TUNING: tuple(TUNING), Split.TEST: tuple(TEST)}


def clips() -> list[BenchClip]:
    """All of them. The first of every action come first, so that a beginning of the list is a mixture."""
    found = []
    for split, actions in ACTIONS.items():
        actors, places = _ACTORS[split], tuple(VIEWPOINTS)
        for turn in range(EACH[split]):
            for k, (name, action) in enumerate(actions.items()):
                # Both go round: an action is seen from other places than the one before it, and by other people.
                place = places[(3 * k + turn * 3) % len(places)]
                person = actors[(2 * k + turn % CAST[split]) % len(actors)]
                words = name.replace(" ", "_")
                found.append(BenchClip(SUITE, f"{words}_{place}", split, name, place, person, action.act.source))
    return found
