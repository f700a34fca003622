// Bars and lines of the page of statistics. Each chart stands beside a table with the same values; without this the table is all there is.
const COLOURS = ["#0b3d6e", "#7fa8cf", "#b3261e", "#1b7f4b"];
const MARKS = ["rect", "rect", "rect", "diamond"];

function series(one, index) {
  const shape = { name: one.name, data: one.values, color: COLOURS[index] };
  if (!one.line) {
    return { ...shape, type: "bar", barMaxWidth: 26, barGap: "10%", itemStyle: index === 1 ? { borderColor: "#0b3d6e", borderWidth: 1 } : {} };
  }
  const percent = one.values.map((value) => (value === null ? null : Math.round(value * 1000) / 10));
  return { ...shape, data: percent, type: "line", yAxisIndex: 1, symbol: MARKS[index], symbolSize: 9, connectNulls: false, lineStyle: { width: 2 } };
}

function option(chart) {
  const axis = [{ type: "value", minInterval: 1 }];
  if (chart.series.some((one) => one.line)) axis.push({ type: "value", min: 0, max: 100, axisLabel: { formatter: "{value} %" }, splitLine: { show: false } });
  const long = chart.labels.some((label) => label.length > 8);
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    legend: { top: 0, data: chart.series.map((one) => one.name) },
    grid: { left: 8, right: 8, top: 40, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: chart.labels, axisLabel: { interval: 0, rotate: long || chart.labels.length > 14 ? 30 : 0, width: 110, overflow: "truncate" } },
    yAxis: axis,
    series: chart.series.map(series),
  };
}

const charts = JSON.parse(document.getElementById("charts").textContent);
const drawn = [];
for (const place of document.querySelectorAll("[data-chart]")) {
  const chart = charts[place.dataset.chart];
  if (!chart || !window.echarts) continue;
  const made = window.echarts.init(place);
  made.setOption(option(chart));
  place.dataset.drawn = String(chart.series.length);
  drawn.push(made);
}
window.addEventListener("resize", () => drawn.forEach((made) => made.resize()));
