"""Strategies that an entry moves, and patients: in words for the reader, as functions for the walk."""

from __future__ import annotations

from typing import Any

from sim.model.parts import Booleans
from sim.scenario import AtStart, Never, Scenario, Strategy
from tests.walkthrough.entries import Played
from tests.walkthrough.expectation import EVERYWHERE, Among, Names, Under

# ---------------------------------------------------------------------- strategies


def _asks(node: Any, kinds: tuple[str, ...]) -> bool:
    if isinstance(node, dict):
        return node.get("kind", node.get("rule")) in kinds or any(_asks(child, kinds) for child in node.values())
    return isinstance(node, list) and any(_asks(child, kinds) for child in node)


def _asking(*kinds: str) -> Under:
    return Under(
        f"that ask {' or '.join(kinds)}",
        lambda scenario, names, name, strategy: _asks(strategy.model_dump(mode="json")["start"], kinds),
    )


def others(under: Under, besides: Under | None = None, words: str = "others") -> Under:
    """Those of `besides` (default all) that are not of `under`."""
    among = besides or EVERYWHERE
    return Under(
        words,
        lambda scenario, names, name, strategy: (
            among.picks(scenario, names, name, strategy) and not under.picks(scenario, names, name, strategy)
        ),
    )


GIVE_IG = Under("that give Ig", lambda scenario, names, name, strategy: not isinstance(strategy.start, Never))
WITHOUT_IG = others(GIVE_IG, words="without Ig")
LATER_OR_NEVER = Under(
    "that do not start Ig at once", lambda scenario, names, name, strategy: not isinstance(strategy.start, AtStart)
)
STANDARD = Under(
    "that give Ig by the standard regimen",
    lambda scenario, names, name, strategy: strategy.regimen == "standard" and not isinstance(strategy.start, Never),
)
REGIMEN = Under(
    "that give Ig by {regimen}",
    lambda scenario, names, name, strategy: (
        strategy.regimen == names["regimen"] and not isinstance(strategy.start, Never)
    ),
)
TESTED = Under("with scheduled tests", lambda scenario, names, name, strategy: strategy.igg_tests is not None)
LISTING = Under("that list {drug}", lambda scenario, names, name, strategy: names["drug"] in strategy.antimicrobials)
TOCILIZUMAB = Under("with tocilizumab", lambda scenario, names, name, strategy: strategy.tocilizumab)
NAMED = Under("{strategy} alone", lambda scenario, names, name, strategy: name == names["strategy"])
NAMED_WITH_IG = Under(
    "{strategy} alone, if it gives Ig",
    lambda scenario, names, name, strategy: name == names["strategy"] and not isinstance(strategy.start, Never),
)
ASKS_IGG, ASKS_IGA, ASKS_IGM = _asking("igg_below"), _asking("iga_below"), _asking("igm_below")
ASKS_TESTS = _asking("igg_below", "iga_below", "igm_below")
ASKS_ANTI_CD38 = _asking("anti_cd38")


def _with_serostatus(scenario: Scenario, names: Names, name: str, strategy: Strategy) -> bool:
    status = names["status"]
    if any(cause.only_in == status for cause in scenario.infections.causes.values()):
        return True
    return any(scenario.antimicrobials[drug].given_to == status for drug in strategy.antimicrobials)


def _with_correlation(scenario: Scenario, names: Names, name: str, strategy: Strategy) -> bool:
    between = scenario.patients.correlations[int(names["n"]) - 1].between
    if "frailty" in between:
        return True
    return ASKS_IGA.picks(scenario, names, name, strategy)


def _with_correlation_or_igg(scenario: Scenario, names: Names, name: str, strategy: Strategy) -> bool:
    return _with_correlation(scenario, names, name, strategy) or ASKS_IGG.picks(scenario, names, name, strategy)


SEROSTATUS = Under("all if it decides who is struck, else those that list what is given to it", _with_serostatus)
CORRELATED = Under("all if frailty is one of the two, else those that ask for the other", _with_correlation)
RECORRELATED = Under("all if frailty was one of the two, else those that ask for any", _with_correlation_or_igg)

# ---------------------------------------------------------------------- patients


def _is_named(names: tuple[str, ...], name: str, index: Any) -> Booleans:
    found: Booleans = index == names.index(name)
    return found


ON_AGENT = Among(
    "on {agent}",
    lambda played, names: _is_named(tuple(a.name for a in played.model.agents), names["agent"], played.who.agent),
)
ON_TARGET = Among(
    "on an agent against {target}",
    lambda played, names: _is_named(tuple(t.name for t in played.model.targets), names["target"], played.who.target),
)
RESPONDERS = Among("responders", lambda played, names: played.who.responder)
EXPOSED = Among("exposed to an anti-CD38 antibody", lambda played, names: played.who.anti_cd38)
M_PROTEIN = Among("with IgG-type myeloma", lambda played, names: played.who.m_protein_mg_dl > 0)


def _struck(played: Played, names: Names) -> Booleans:
    status = played.scenario.infections.causes[names["cause"]].only_in
    everybody: Booleans = played.who.patient >= 0
    return played.who.positive[played.model.population.serostatus.index(status)] if status else everybody


def _given(played: Played, names: Names) -> Booleans:
    index = list(played.scenario.antimicrobials).index(names["drug"])
    return played.who.takes[index]


STRUCK = Among("whom {cause} can strike", _struck)
TAKING = Among("who take {drug}", _given)

STRUCK_ON_TARGET = Among(
    "on an agent against {target} whom {cause} can strike",
    lambda played, names: ON_TARGET.mask(played, names) & STRUCK.mask(played, names),
)
