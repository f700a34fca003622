"""Write config/grafana/*.json: the boards of `monitor.ops.boards`, by Grafana's own library of their form.

Run by `make docs`; a test holds the files against what is made here and asks each expression of a real Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Lines
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as forms
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)

from monitor.ops.boards import BOARDS, Board
from monitor.ops.panels import STAT, Panel

FOLDER: Final = Path(__file__).resolve().parent.parent / "config" / "grafana"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS: Final = 24
TAG: Final = "jiancha"


def built(board: Board) -> dashboard.Dashboard:
    """The board as Grafana imports it."""
    made = (
        dashboard.Dashboard(f"监察 · {' '.join(board.title)}")
        .uid(f"jiancha-{board.name}")
        .description(" ".join(board.about))
        .tags([TAG])
        .timezone("browser")
        .refresh("30s")
        .time("now-12h", "now")
        .link(_others())
        .with_variable(dashboard.DatasourceVariable("datasource").label("数据源 Data source").type("prometheus"))
    )
    if board.halls:
        made = made.with_variable(_halls())
    for number, (panel, place) in enumerate(placed(board.panels), 1):
        made = made.with_panel(_panel(number, panel, place))
    return made


def _others() -> dashboard.DashboardLink:
    """The way to the other boards, with the chosen source, halls and time."""
    link = dashboard.DashboardLink("监察 Jiancha").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


def _halls() -> dashboard.QueryVariable:
    """One, several or all; what belongs to no hall is shown with all of them."""
    return (
        dashboard.QueryVariable("hall")
        .label("大厅 Hall")
        .datasource(SOURCE)
        .query({"query": "label_values(jiancha_cases_open, hall)", "refId": "hall"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all"))
    )


def placed(panels: Sequence[Panel]) -> Iterator[tuple[Panel, GridPos]]:
    """Panels left to right, a new line where the next does not fit."""
    x = y = line = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, line = 0, y + line, 0
        yield panel, GridPos(x=x, y=y, w=panel.width, h=panel.height)
        x, line = x + panel.width, max(line, panel.height)


def _panel(number: int, panel: Panel, place: GridPos) -> Any:
    made: Any = _stat(panel) if panel.kind == STAT else _lines(panel)
    made = made.title(f"{panel.title} {panel.english}").description(" ".join(panel.text))
    made = made.id(number).datasource(SOURCE).grid_pos(place).unit(panel.unit).thresholds(_limits(panel))
    for n, (expr, legend) in enumerate(panel.queries):
        asked = prometheus.Dataquery().ref_id(chr(ord("A") + n)).datasource(SOURCE).expr(expr)
        made = made.with_target(asked.legend_format(legend) if legend else asked)
    return made


def _stat(panel: Panel) -> Stat:
    made = Stat().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made = made.color_mode(forms.BigValueColorMode.VALUE)
    return made.text_mode(forms.BigValueTextMode.NAME) if panel.queries[0][1] else made


def _lines(panel: Panel) -> Lines:
    legend = common.VizLegendOptions().display_mode(forms.LegendDisplayMode.LIST)
    made = Lines().legend(legend.placement(forms.LegendPlacement.BOTTOM).show_legend(True))
    made = made.tooltip(common.VizTooltipOptions().mode(forms.TooltipDisplayMode.MULTI))
    if panel.bad_from is None and panel.good_from is None:
        return made
    drawn = common.GraphThresholdsStyleConfig().mode(forms.GraphThresholdsStyleMode.DASHED)
    return made.thresholds_style(drawn)


def _limits(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [Threshold(color="green", value=None)]
    if panel.bad_from is not None:
        steps.append(Threshold(color="red", value=panel.bad_from))
    if panel.good_from is not None:
        steps = [Threshold(color="red", value=None), Threshold(color="green", value=panel.good_from)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def text(board: Board) -> str:
    """The file's content."""
    encoder = JSONEncoder(ensure_ascii=False, indent=2, sort_keys=True)
    return str(encoder.encode(built(board).build())) + "\n"


def files() -> dict[Path, str]:
    """{path: content} of every board."""
    return {FOLDER / f"{board.name}.json": text(board) for board in BOARDS}


def write() -> None:
    """The boards' files, and no other beside them."""
    made = files()
    for path in FOLDER.glob("*.json"):
        if path not in made:
            path.unlink()
    for path, content in made.items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write()
