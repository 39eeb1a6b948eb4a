// The charts of the overview, drawn by uPlot in the colours of the page.
"use strict";

(() => {
  const boxes = [...document.querySelectorAll("[data-chart]")];
  if (boxes.length === 0 || !window.uPlot) return;

  const KINDS = {
    throughput: {
      series: [["placed", "Placed", "--processing"], ["delivered", "Delivered", "--delivered"], ["cancelled", "Cancelled", "--cancelled"]],
      show: (value) => (value === null || value === undefined ? "–" : `${Math.round(value)}`),
      axis: (value) => `${value}`,
    },
    stay: {
      series: [["pending", "Pending", "--pending"], ["processing", "Processing", "--processing"], ["shipped", "Shipped", "--shipped"]],
      show: (value) => (value === null || value === undefined ? "–" : span(value)),
      axis: (value) => span(value),
    },
  };
  const span = (seconds) => {
    if (seconds === 0) return "0";
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`;
    if (seconds < 7200) return `${Math.round(seconds / 6) / 10} min`;
    return `${Math.round(seconds / 360) / 10} h`;
  };
  const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: document.body.dataset.zone });
  const hour = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: document.body.dataset.zone });
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  let data = null;
  let charts = [];
  const draw = () => {
    charts.forEach((chart) => chart.destroy());
    charts = boxes.map((box) => {
      const kind = KINDS[box.dataset.chart];
      const axis = { stroke: token("--soft"), grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1 } };
      const options = {
        width: Math.max(240, box.clientWidth),
        height: 176,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), document.body.dataset.zone),
        cursor: { drag: { x: false, y: false }, y: false },
        scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1 || 1)] } },
        axes: [{ ...axis, values: (_, values) => values.map((at) => hour.format(new Date(at * 1000))) }, { ...axis, size: 62, values: (_, values) => values.map(kind.axis) }],
        series: [
          { label: "At", value: (_, at) => (at ? clock.format(new Date(at * 1000)) : "–") },
          ...kind.series.map(([, label, colour]) => ({
            label,
            stroke: token(colour),
            width: 2,
            points: { show: box.dataset.chart === "stay", size: 4 },
            spanGaps: true,
            value: (_, value) => kind.show(value),
          })),
        ],
      };
      return new uPlot(options, [data.at, ...kind.series.map(([name]) => data[name])], box);
    });
  };
  const summary = () => {
    const sum = (values) => Math.round(values.reduce((total, value) => total + value, 0) / 6);
    const text = document.querySelector('[data-chart-text="throughput"]');
    if (text) text.textContent = `In the last hour ${sum(data.placed)} placed, ${sum(data.delivered)} delivered, ${sum(data.cancelled)} cancelled.`;
  };
  const load = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("/api/overview/trend/", { headers: { "X-Live": "1" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) return;
      data = await answer.json();
      if (charts.length === 0) draw();
      else charts.forEach((chart, at) => chart.setData([data.at, ...KINDS[boxes[at].dataset.chart].series.map(([name]) => data[name])]));
      summary();
    } catch {
      // Tried again in a moment.
    }
  };
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width || !data) return;
    width = innerWidth;
    draw();
  });
  document.addEventListener("theme", () => data && draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => data && draw());
  load();
  setInterval(load, 10000);
})();
