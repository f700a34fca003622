// Bars and lines of the page of statistics. Each chart stands beside a table with the same values; without this the
// table is all there is. The legend is text of the page, in the order of the series (statistics.css has its colours).
const COLOURS = ["#0b3d6e", "#7fa8cf", "#b3261e", "#1b7f4b"];
const LEVELS = { red: "#b3261e", yellow: "#d19a00", reminder: "#2563a8" };
const MARKS = ["rect", "rect", "rect", "diamond"];

function series(one, index) {
  const shape = { name: one.name, data: one.values, color: LEVELS[one.level] || COLOURS[index] };
  if (!one.line) {
    return { ...shape, type: "bar", barMaxWidth: 26, barGap: "10%" };
  }
  const percent = one.values.map((value) => (value === null ? null : Math.round(value * 1000) / 10));
  return { ...shape, data: percent, type: "line", yAxisIndex: 1, symbol: MARKS[index], symbolSize: 9, connectNulls: false, lineStyle: { width: 2 } };
}

function option(chart, width) {
  const axis = [{ type: "value", minInterval: 1 }];
  if (chart.series.some((one) => one.line)) axis.push({ type: "value", min: 0, max: 100, axisLabel: { formatter: "{value} %" }, splitLine: { show: false } });
  const widest = Math.max(0, ...chart.labels.map((label) => label.replace(/[^\x00-\xff]/g, "xx").length));
  const slanted = (widest * 7 + 10) * chart.labels.length > width - 90;
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 8, top: 12, bottom: 4, containLabel: true },
    xAxis: { type: "category", data: chart.labels, axisLabel: { interval: 0, rotate: slanted ? 30 : 0, width: 110, overflow: "truncate" } },
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
  made.setOption(option(chart, place.clientWidth));
  place.dataset.drawn = String(chart.series.length);
  drawn.push(made);
}
window.addEventListener("resize", () => drawn.forEach((made) => made.resize()));
