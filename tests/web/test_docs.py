"""Docs, rules, dashboard and code name the same metrics."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from bot import errors, metrics
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "metrics"
DOCS = (ROOT / "docs" / "metrics.md").read_text()
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())


def families() -> dict[str, set[str]]:
    """The names of our metrics and of their samples, by what the exposition calls them."""
    exposed = metrics.exposition(dict.fromkeys(metrics.STORED, 0.0)).decode()
    found: dict[str, set[str]] = {}
    for name, kind in re.findall(r"# TYPE (sessions_bot_\w+) (\w+)", exposed):
        found[name] = {f"{name}_bucket", f"{name}_count", f"{name}_sum"} if kind == "histogram" else {name}
    return found


def samples() -> set[str]:
    return set().union(*families().values())


def test_docs_and_code_have_the_same_metrics_and_labels() -> None:
    rows = re.findall(r"^\| `(sessions_bot_\w+)` \|([^|]*)\|", DOCS, re.MULTILINE)
    assert len(rows) == len(dict(rows))
    assert set(dict(rows)) == set(families())
    ours = [each for each in vars(metrics).values() if hasattr(each, "_labelnames") and each is not metrics.build]
    for metric in ours:
        (row,) = [said for name, said in rows if name.removesuffix("_total") == metric._name]
        assert re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row)) == list(metric._labelnames), metric._name


def test_rules_and_dashboard_name_only_what_there_is() -> None:
    shown = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    for expression in [*(rule["expr"] for rule in RULES), *shown]:
        assert set(re.findall(r"\bsessions_bot_\w+", expression)) <= samples(), expression
        others = set(re.findall(r"\b(?:process|python)_\w+", expression))
        exposed = metrics.exposition(None).decode()
        assert all(f"\n{name} " in exposed for name in others), expression


def test_what_is_counted_is_also_shown() -> None:
    shown = {target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())}
    said = set(re.findall(r"sessions_bot_\w+", " ".join(shown)))
    assert all(said & names for names in families().values())


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) > 15
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        said = rule["annotations"]
        assert set(said) == {"summary", "action", "docs"} and all(said.values())
        path, _, anchor = said["docs"].partition("#")
        heads = re.findall(r"^#+ (.*)", (ROOT / path).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, said["docs"]


def test_a_persons_own_mistakes_raise_no_alarm() -> None:
    (rule,) = [rule for rule in RULES if rule["alert"] == "SessionsBotAnswersFailing"]
    found = re.search(r'outcome!~"(.*?)"', rule["expr"])
    assert found
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.UserError)]
    assert set(found[1].split("|")) == {"ok", "posting", "repeated", *(kind.__name__ for kind in kinds)}


def test_the_dashboard_can_be_imported_anywhere() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["title"] and panel["description"] for panel in panels)
