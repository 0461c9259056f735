// Draws each <figure class="chart" data-chart="{...}"> with uPlot over the picture that the server
// made: hover, and zoom by dragging. The numbers are those of `Chart.drawing` in charts/chart.py.
"use strict";

(() => {
  const root = document.documentElement;
  const colour = (tone) => getComputedStyle(root).getPropertyValue(`--${tone}`).trim();
  const faint = (tone, share) => `color-mix(in srgb, ${colour(tone)} ${share}%, transparent)`;
  // Where areas lie upon one another none may shine through.
  const solid = (tone) => `color-mix(in srgb, ${colour(tone)} 80%, ${colour("raised")})`;

  const digits = (value, most) =>
    value.toLocaleString("en", { maximumSignificantDigits: most, useGrouping: true });
  const written = {
    share: (value) => `${(value * 100).toFixed(Math.abs(value) > 0 && Math.abs(value) < 0.000995 ? 2 : 1)} %`,
    usd: (value) => {
      const size = Math.abs(value);
      const shown = size > 0 && size < 0.01 ? digits(size, 3)
        : size.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      return `${value < 0 ? "-" : ""}$${shown}`;
    },
    count: (value) => Math.round(value).toLocaleString("en"),
    number: (value) => (size(value) ? value.toExponential(1) : digits(value, 3)),
  };
  const size = (value) => value !== 0 && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-3);
  const onAxis = {
    ...written,
    share: (value) => `${digits(value * 100, 3)} %`,
    usd: (value) => `${value < 0 ? "-" : ""}$${digits(Math.abs(value), 3)}`,
  };

  // A power of ten beside its line; the lines between have neither words nor a line of their own.
  const exponent = (value) => Math.round(Math.log10(value));
  const power = (value) => (value < 1e5 ? digits(value, 3)
    : `10${[...String(exponent(value))].map((one) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[one]).join("")}`);
  const powers = (_plot, splits) =>
    splits.map((one) => (Math.abs(Math.log10(one) - exponent(one)) < 1e-9 ? one : null));

  const zone = () => {
    const said = Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(new Date());
    return (said.find((part) => part.type === "timeZoneName") || {}).value || "local time";
  };
  const localMoment = (seconds) => new Date(seconds * 1000).toLocaleString("en-GB",
    { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const DAY_S = 86_400;
  const timeLabels = (_plot, ticks, _axis, _space, step) => ticks.map((tick) => {
    const at = new Date(tick * 1000), midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return step >= DAY_S || midnight
      ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
      : at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  });
  const utcMoment = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

  // Stacked series lie upon one another: each as its own top, the highest first, so that those
  // below are painted over it.
  const columns = (chart) => {
    if (!chart.stacked) return chart.series.map((one) => ({ ...one, tops: one.values }));
    const total = chart.x.map(() => 0);
    return chart.series.map((one) => ({
      ...one,
      low: [], high: [],
      tops: one.values.map((value, place) => {
        total[place] += value || 0;
        return value === null ? null : total[place];
      }),
    })).reverse();
  };

  const series = (one, chart, more = {}) => {
    const fill = chart.stacked || one.kind === "bars" ? solid(one.tone) : undefined;
    const paths = { step: uPlot.paths.stepped({ align: 1 }), bars: uPlot.paths.bars({ size: [0.8, 60] }) };
    return {
      label: one.name,
      stroke: one.kind === "points" ? "transparent" : colour(one.tone),
      width: chart.stacked ? 1 : 2,
      fill,
      paths: paths[one.kind],
      points: {
        show: one.kind === "points" || (one.kind === "line" && !chart.stacked && chart.x.length <= 60),
        size: 6, stroke: colour(one.tone), fill: colour(one.tone),
      },
      ...more,
    };
  };

  // uPlot's columns: x, then of each series its values and the two ends of its band.
  const laid = (chart) => {
    const data = [chart.x], shown = [{}], bands = [];
    for (const one of columns(chart)) {
      data.push(one.tops);
      shown.push(series(one, chart));
      if (one.low.length) {
        const end = { stroke: "transparent", width: 0, points: { show: false }, fill: undefined };
        data.push(one.high, one.low);
        shown.push(series(one, chart, end), series(one, chart, end));
        bands.push({ series: [data.length - 2, data.length - 1], fill: faint(one.tone, 22) });
      }
    }
    return { data, shown, bands };
  };

  // The highest and the lowest value shown, limits included.
  const bounds = (chart) => {
    const seen = columns(chart).flatMap((one) => [...one.tops, ...one.low, ...one.high])
      .concat(chart.levels.map((level) => level.value)).filter((value) => Number.isFinite(value));
    if (chart.log) {
      const above = seen.filter((value) => value > 0);
      const low = 10 ** Math.floor(Math.log10(Math.min(...above, 1e300)));
      return [low, Math.max(10 ** Math.ceil(Math.log10(Math.max(...above, 1e-300))), 10 * low)];
    }
    const low = Math.min(0, ...seen) * 1.06;
    let high = Math.max(0, ...seen) * 1.06;
    if (chart.unit === "share" && Math.max(0, ...seen) <= 1) high = Math.min(high, 1);
    return [low, high > low ? high : low + 1];
  };

  const below = (chart) => (plot) => {
    const { ctx, bbox } = plot;
    for (const one of chart.regions) {
      const left = plot.valToPos(one.start, "x", true), right = plot.valToPos(one.end, "x", true);
      ctx.fillStyle = faint(one.tone, 14);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
  };

  const above = (chart) => (plot) => {
    const { ctx, bbox } = plot, pixel = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const level of chart.levels) {
      const y = plot.valToPos(level.value, "y", true);
      ctx.strokeStyle = colour(level.tone);
      ctx.lineWidth = 1.5 * pixel;
      ctx.setLineDash([6 * pixel, 4 * pixel]);
      ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(bbox.left + bbox.width, y); ctx.stroke();
    }
    ctx.setLineDash([]);
    for (const mark of chart.marks) {
      const x = plot.valToPos(mark.at, "x", true), half = 4 * pixel;
      ctx.strokeStyle = ctx.fillStyle = colour(mark.tone);
      ctx.lineWidth = pixel;
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - half, bbox.top); ctx.lineTo(x + half, bbox.top); ctx.lineTo(x, bbox.top + 2 * half);
      ctx.fill();
    }
    ctx.restore();
  };

  const line = (words, tone) => {
    const shown = document.createElement("div");
    if (tone) {
      const key = document.createElement("i");
      key.className = `key ${tone}`;
      shown.append(key);
    }
    shown.append(words);
    return shown;
  };

  const NEAR = 7; // pixels between the cursor and an event that it is on

  const hover = (chart, tip) => (plot) => {
    const { left, idx } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) {
      tip.hidden = true;
      return;
    }
    const at = chart.x[idx];
    const head = chart.timed ? `${localMoment(at)} (${utcMoment(at)} UTC)`
      : written[chart.xUnit](at);
    const lines = [line(head)];
    lines[0].className = "at";
    for (const one of chart.series) {
      const value = one.values[idx];
      if (value === null) continue;
      const band = one.low.length && one.low[idx] !== null
        ? ` (${written[chart.unit](one.low[idx])} to ${written[chart.unit](one.high[idx])})` : "";
      const note = one.notes.length && one.notes[idx] ? `, ${one.notes[idx]}` : "";
      lines.push(line(`${one.name} ${written[chart.unit](value)}${band}${note}`, one.tone));
    }
    for (const mark of chart.marks) {
      if (Math.abs(plot.valToPos(mark.at, "x") - left) <= NEAR) lines.push(line(`▼ ${mark.words}`));
    }
    tip.replaceChildren(...lines);
    tip.hidden = false;
    // Below the drawing, so that it hides nothing of it.
    const room = plot.over.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(-40, Math.min(left - tip.offsetWidth / 2, room))}px`;
    tip.style.top = `${plot.over.clientHeight + 4}px`;
  };

  // On a page that has a range, dragging over time chooses another one: every figure follows.
  const chosen = (chart) => (plot) => {
    const { left, width } = plot.select;
    if (width < 8) return;
    const moment = (pixels) => new Date(plot.posToVal(pixels, "x") * 1000).toISOString().slice(0, 19) + "Z";
    const address = new URL(location.href);
    address.searchParams.set("from", moment(left));
    address.searchParams.set("to", moment(left + width));
    address.searchParams.delete("before");
    location.assign(address);
  };

  const draw = (figure) => {
    const chart = JSON.parse(figure.dataset.chart), place = figure.querySelector(".plot");
    if (figure.plot) figure.plot.destroy();
    const { data, shown, bands } = laid(chart), [low, high] = bounds(chart);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    const ranged = chart.timed && document.querySelector("form.range") !== null;
    const quiet = colour("quiet"), grid = { stroke: colour("line"), width: 1 };
    const font = "11px system-ui, sans-serif";
    figure.plot = new uPlot({
      width: place.clientWidth,
      height: Math.round(Math.min(230, Math.max(160, place.clientWidth * 0.36))),
      series: shown,
      bands,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: !ranged } },
      scales: {
        x: { time: chart.timed, range: (_plot, min, max) => (chart.zoomed ? [min, max] : chart.span) },
        y: chart.log ? { distr: 3, range: [low, high] } : { range: [low, high] },
      },
      axes: [
        { stroke: quiet, font, grid: { show: false }, ticks: { stroke: colour("line"), size: 4 }, space: 60, size: 28,
          values: chart.timed ? timeLabels : (_plot, ticks) => ticks.map((tick) => digits(tick, 3)) },
        { stroke: quiet, font, ticks: { show: false }, size: 52, space: 34,
          grid: chart.log ? { ...grid, filter: powers } : grid,
          values: (_plot, ticks) => ticks.map((tick) => (tick === null ? ""
            : (chart.log && chart.unit === "number" ? power : onAxis[chart.unit])(tick))) },
      ],
      hooks: {
        drawClear: [below(chart)],
        draw: [above(chart)],
        setCursor: [hover(chart, tip)],
        setSelect: ranged ? [chosen(chart)] : [() => { chart.zoomed = true; }],
      },
    }, data, place);
    figure.plot.over.addEventListener("dblclick", () => { chart.zoomed = false; });
    figure.plot.root.setAttribute("aria-hidden", "true"); // the picture beneath has the words
    figure.plot.over.append(tip);
    figure.classList.add("drawn");
    const said = figure.querySelector(".legend .zone");
    if (chart.timed && said) said.textContent = `times in ${zone()}, your zone; UTC on hover`;
  };

  const widths = new ResizeObserver((changed) => {
    for (const { target } of changed) {
      const figure = target.parentElement;
      if (figure.plot && Math.abs(figure.plot.width - target.clientWidth) > 1) draw(figure);
    }
  });

  const drawAll = (inside) => {
    for (const figure of inside.querySelectorAll("figure.chart[data-chart]")) {
      if (!figure.isConnected || figure.plot) continue;
      draw(figure);
      widths.observe(figure.querySelector(".plot"));
    }
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const figure of document.querySelectorAll("figure.chart.drawn")) draw(figure);
  });
  document.addEventListener("tierwatch:changed", (event) => drawAll(event.target));
  drawAll(document);
})();
