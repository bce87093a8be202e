"""How entries that are no plain numbers are changed."""

from __future__ import annotations

from typing import Any

from tests.walkthrough.entries import PathKeys, Tables, parent_of


def reworded(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] += " (reworded)"


def move_share(tables: Tables, keys: PathKeys) -> None:
    """A tenth of the patients get another agent."""
    shares = tables["patients"]["agents"]
    other = next(name for name in shares if name != keys[-1])
    shares[keys[-1]]["value"] -= 0.1
    shares[other]["value"] += 0.1


def reshared(tables: Tables, keys: PathKeys) -> None:
    """A tenth of an arm's patients get another of its strategies."""
    shares, _ = parent_of(tables, keys)
    other = next(name for name in shares if name != keys[-1])
    shares[keys[-1]]["value"] -= 0.1
    shares[other]["value"] += 0.1


def other_spread(tables: Tables, keys: PathKeys) -> None:
    """No spread between patients, or some where there was none."""
    node, _ = parent_of(tables, keys)
    middle = node.get("median", node.get("mean", node.get("value")))
    other = {"distribution": "lognormal", "median": middle, "log_sd": 0.5}
    same = {"distribution": "fixed", "value": middle}
    new = other if node["distribution"] == "fixed" else same
    node.clear()
    node.update(new)


def other_table(tables: Tables, keys: PathKeys) -> None:
    """Twice the probabilities of men."""
    node, key = parent_of(tables, keys)
    node[key] = [[age, 2 * male, female] for age, male, female in node[key]]


def with_m_protein(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = [node[key][0], "m_protein_mg_dl"]


def rename_currency(tables: Tables, keys: PathKeys) -> None:
    def rename(node: Any) -> None:
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            rename(child)
        if isinstance(node, dict) and isinstance(node.get("unit"), str):
            node["unit"] = node["unit"].replace("USD", "EUR")

    rename(tables)
    tables["analysis"]["currency"] = "EUR"


def other_target(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "GPRC5D" if node[key] == "BCMA" else "BCMA"


def only_carriers(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "" if node[key] else "cmv"


def to_others(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "herpes" if node[key] == "all" else "all"


def other_care(tables: Tables, keys: PathKeys) -> None:
    """Prophylaxis made a surveillance whose courses cost something, or the other way round."""
    node, key = parent_of(tables, keys)
    if node[key] == "surveillance":
        node[key] = "prophylaxis"
        del node["course_cost"]
        node.pop("viraemia", None)
    else:
        node |= {"kind": "surveillance", "course_cost": {"value": 700, "unit": "USD per course"}}


def other_route(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "SCIG" if node[key] == "IVIG" else "IVIG"


def other_rule(tables: Tables, keys: PathKeys) -> None:
    node, _ = parent_of(tables, keys)
    rule = "at_start" if node["rule"] == "never" else "never"
    node.clear()
    node["rule"] = rule


def other_kind(tables: Tables, keys: PathKeys) -> None:
    node, _ = parent_of(tables, keys)
    months = {"value": 12, "unit": "months"}
    match node["kind"]:
        case "igg_below":
            node["kind"] = "iga_below"
        case "iga_below" | "igm_below":
            node["kind"] = "igg_below"
        case "any_of":
            node["kind"] = "all_of"
        case "all_of":
            node["kind"] = "any_of"
        case "anti_cd38":
            node |= {"kind": "infections", "minimum_grade": "1_2", "count": 4, "within_months": months}
        case _:
            node.clear()
            node["kind"] = "anti_cd38"


def other_grade(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "1_2" if node[key] == "3plus" else "3plus"


def other_end(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "treatment_end" if node[key] == "ig_ordered" else "ig_ordered"


def other_regimen(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = "scig" if node[key] == "standard" else "standard"


def other_package(tables: Tables, keys: PathKeys) -> None:
    """Add what is missing, or drop the first of a full package."""
    node, key = parent_of(tables, keys)
    missing = [name for name in tables["antimicrobials"] if name not in node[key]]
    node[key] = [*node[key], missing[-1]] if missing else node[key][1:]


def without_last(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = node[key][:-1]


def dearer_health(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = [2 * number for number in node[key]]


def other_pair(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = [node[key][0], "crs.cost.grade_3plus"]


def other_group(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = ["crs.cost"]


def other_agent(tables: Tables, keys: PathKeys) -> None:
    node, _ = parent_of(tables, keys)
    node.clear()
    node["elranatamab"] = 1.0


def other_observation(tables: Tables, keys: PathKeys) -> None:
    node, key = parent_of(tables, keys)
    node[key] = [0.25, 0.45] if isinstance(node[key], list) else 0.6
