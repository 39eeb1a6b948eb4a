// The charts of the overview, drawn by uPlot in the colours of the page.
"use strict";

(() => {
  const boxes = [...document.querySelectorAll("[data-chart]")];
  if (boxes.length === 0 || !window.uPlot) return;
  boxes.forEach((box) => (box.hidden = false));

  const KINDS = {
    throughput: {
      series: [["placed", "Placed", "--processing"], ["delivered", "Delivered", "--delivered"], ["cancelled", "Cancelled", "--cancelled"]],
      show: (value) => (value === null || value === undefined ? "–" : `${value}`),
      axis: (value) => (Number.isInteger(value) ? `${value}` : ""),
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

  // The trend comes as orders a minute in steps of ten seconds. What people read is how many there were in each whole minute:
  // one bar for each series, side by side, so that every minute has as many places as there are series.
  const MINUTE = 60;
  const perMinute = (data, names) => {
    const minutes = new Map();
    data.at.forEach((at, step) => {
      const minute = Math.floor(at / MINUTE);
      if (!minutes.has(minute)) minutes.set(minute, names.map(() => 0));
      names.forEach((name, nth) => (minutes.get(minute)[nth] += data[name][step] / 6));
    });
    const at = [];
    const values = names.map(() => []);
    for (const [minute, sums] of minutes) {
      names.forEach((_, place) => {
        at.push((minute + (place + 0.5) / names.length) * MINUTE);
        names.forEach((_, nth) => values[nth].push(nth === place ? Math.round(sums[nth]) : null));
      });
    }
    return [at, ...values];
  };
  const drawn = (box) => {
    const names = KINDS[box.dataset.chart].series.map(([name]) => name);
    return box.dataset.chart === "throughput" ? perMinute(data, names) : [data.at, ...names.map((name) => data[name])];
  };

  let data = null;
  let charts = [];
  const draw = () => {
    charts.forEach((chart) => chart.destroy());
    charts = boxes.map((box) => {
      const kind = KINDS[box.dataset.chart];
      const isBars = box.dataset.chart === "throughput";
      const places = kind.series.length;
      // All bars of the minute under the pointer are read together.
      const placed = (index, series) => (isBars && index !== null ? index - (index % places) + Math.max(0, series - 1) : index);
      const axis = { stroke: token("--soft"), grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1 } };
      const options = {
        width: Math.max(240, box.clientWidth),
        height: 176,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), document.body.dataset.zone),
        cursor: { drag: { x: false, y: false }, y: false, dataIdx: (_, series, index) => placed(index, series) },
        scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1 || 1)] } },
        axes: [{ ...axis, values: (_, values) => values.map((at) => hour.format(new Date(at * 1000))) }, { ...axis, size: 62, values: (_, values) => values.map(kind.axis) }],
        series: [
          { label: "At", value: (_, at) => (at ? (isBars ? hour : clock).format(new Date(at * 1000)) : "–") },
          ...kind.series.map(([, label, colour]) => ({
            label,
            stroke: token(colour),
            width: isBars ? 0 : 2,
            ...(isBars ? { fill: token(colour), paths: uPlot.paths.bars({ size: [0.9, 40] }) } : {}),
            points: { show: box.dataset.chart === "stay", size: 4 },
            spanGaps: true,
            value: (_, value) => kind.show(value),
          })),
        ],
      };
      return new uPlot(options, drawn(box), box);
    });
  };
  const summary = () => {
    const sum = (values) => Math.round(values.reduce((total, value) => total + value, 0) / 6).toLocaleString("en");
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
      else charts.forEach((chart, at) => chart.setData(drawn(boxes[at])));
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
