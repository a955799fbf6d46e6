// The charts under the picture: curves over time, with the cursor at the frame that is shown.

const CURVES = { left: "#e07030", right: "#3474cc", "": "#7a808c" };

// One figure for each group of charts; with two results, the second one's curves are dashed.
function makeCharts(doc, state, clock, actions) {
  const first = doc.results[0];
  const groups = [...new Set(first.charts.map(({ group }) => group))];
  const figures = groups.map((group) => {
    const own = first.charts.filter((chart) => chart.group === group);
    const [figure, caption, choice, values, box] = ["figure", "figcaption", "select", "span", "div"].map((kind) =>
      element(kind),
    );
    [values.className, box.className] = ["values", "plot"];
    own.forEach(({ title, unit }, i) => choice.append(new Option(`${title} (${unit})`, i)));
    choice.setAttribute("aria-label", group);
    caption.append(choice, values);
    figure.append(caption, box);
    byId("charts").append(figure);
    const chart = makeChart(box, first.fps, actions.scrub);
    const one = { chart, values, chosen: own.find(({ title }) => title === state.chosen[group]) ?? own[0] };
    choice.value = String(own.indexOf(one.chosen));
    choice.onchange = () => {
      one.chosen = own[Number(choice.value)];
      state.chosen[group] = one.chosen.title;
      show(one);
      tell(one);
    };
    return one;
  });
  byId("charts").hidden = !figures.length;

  function show(one) {
    const { group, title, curves } = one.chosen;
    const others = doc.results.slice(1).flatMap((result) =>
      result.charts
        .filter((chart) => chart.group === group && chart.title === title)
        .flatMap((chart) => chart.curves)
        .map((curve) => ({ ...curve, other: true, values: resampled(curve.values, result, first) })),
    );
    one.chart.show([...curves, ...others], first.count, state.dark);
  }

  function tell(one) {
    const { unit: of, curves } = one.chosen;
    one.values.replaceChildren(
      ...curves.map(({ name, side, values }) => {
        const value = values[state.frame];
        const digits = of === "N" ? 0 : 1;
        const known = Number.isFinite(value) ? value.toFixed(digits) : "–";
        const told = element("span", side ? `${side[0].toUpperCase()} ${known}` : known);
        told.style.color = CURVES[side];
        told.title = name;
        return told;
      }),
    );
  }

  return {
    repaint: () => figures.forEach(show),
    cursor: () =>
      figures.forEach((one) => {
        one.chart.cursor(state.frame);
        tell(one);
      }),
  };
}

// A result's values at the moments of the first one's frames; nothing after its own end.
function resampled(values, result, first) {
  const last = (result.count - 0.5) / result.fps;
  return Float32Array.from({ length: first.count }, (_, k) =>
    k / first.fps < last ? values[frameOf(result, first, k)] : NaN,
  );
}

// `box` gets the canvas of the curves, which are painted once, and over it the cursor, which moves.
function makeChart(box, fps, seek) {
  const chart = { show, cursor };
  const canvas = box.appendChild(document.createElement("canvas"));
  const line = box.appendChild(element("div", undefined, "cursor"));
  let curves = [];
  let dots = [];
  let [count, frame, range, dark] = [1, 0, [0, 1], false];
  let [width, height] = [0, 0];
  const margins = { left: 46, right: 8, top: 8, bottom: 18 };

  function show(found, frames, isDark) {
    [curves, count, dark] = [found, frames, isDark];
    for (const dot of dots) dot.remove();
    dots = curves.map(({ side }) => box.appendChild(element("div", undefined, `dot ${side || "middle"}`)));
    let [low, high] = [Infinity, -Infinity];
    for (const { values } of curves)
      for (const v of values)
        if (Number.isFinite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
    if (low > high) [low, high] = [0, 1];
    if (low > 0 && low < 0.5 * high) low = 0;
    if (high - low < 1e-6) [low, high] = [low - 1, high + 1];
    range = [low - 0.06 * (high - low), high + 0.06 * (high - low)];
    paint();
  }

  const x = (k) => margins.left + (k / Math.max(count - 1, 1)) * (width - margins.left - margins.right);

  const y = (v) => margins.top + (1 - (v - range[0]) / (range[1] - range[0])) * (height - margins.top - margins.bottom);

  function cursor(at) {
    frame = at;
    if (!width) return;
    line.style.transform = `translateX(${x(frame).toFixed(1)}px)`;
    curves.forEach(({ values }, i) => {
      const known = Number.isFinite(values[frame]);
      dots[i].hidden = !known;
      if (known) dots[i].style.transform = `translate(${x(frame).toFixed(1)}px, ${y(values[frame]).toFixed(1)}px)`;
    });
  }

  function paint() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    [width, height] = [box.clientWidth, box.clientHeight];
    if (!width || !height) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintAxes(pen);
    for (const curve of curves) paintCurve(pen, curve);
    cursor(frame);
  }

  function paintAxes(pen) {
    const tall = height - margins.top - margins.bottom;
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of ticks(range[0], range[1], Math.max(2, Math.floor(tall / 26)))) {
      pen.strokeStyle = dark ? "#363c47" : tick === 0 ? "#b4bac4" : "#e2e5ea";
      pen.beginPath();
      pen.moveTo(margins.left, y(tick));
      pen.lineTo(width - margins.right, y(tick));
      pen.stroke();
      pen.fillStyle = dark ? "#9aa3b2" : "#667080";
      pen.fillText(String(tick), margins.left - 6, y(tick));
    }
    pen.textAlign = "center";
    const seconds = (count - 1) / fps;
    for (const tick of ticks(0, Math.max(seconds, 1e-3), Math.max(2, Math.floor(width / 90)))) {
      const words = tick === 0 ? "0 s" : String(tick);
      pen.fillText(words, clamp(x(tick * fps), margins.left, width - 14), height - 7);
    }
  }

  // At most two points for each column of the picture, so that a long motion costs no more than a short one.
  function paintCurve(pen, { values, side, other }) {
    pen.strokeStyle = CURVES[side];
    pen.lineWidth = 1.6;
    pen.setLineDash(other ? [5, 4] : []);
    pen.beginPath();
    const each = Math.max(1, Math.floor(count / Math.max(width, 1)));
    let down = false;
    for (let k = 0; k < count; k += each) {
      let [low, high] = [values[k], values[k]];
      for (let i = k + 1; i < Math.min(k + each, count); i++)
        [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
      if (!Number.isFinite(low)) down = false;
      else {
        if (down) pen.lineTo(x(k), y(low));
        else pen.moveTo(x(k), y(low));
        if (high > low) pen.lineTo(x(k), y(high));
        down = true;
      }
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  const pick = (event) => {
    if (!(event.buttons & 1)) return;
    const share = (event.offsetX - margins.left) / (width - margins.left - margins.right);
    seek(Math.round(share * (count - 1)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pick(event);
  });
  canvas.addEventListener("pointermove", pick);
  return chart;
}

// Round numbers between two values, at most so many, but two at least: one alone tells no scale.
function ticks(low, high, most) {
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const sizes = [0.5, 1, 2, 5, 10].map((k) => k * power);
  let next = sizes.findIndex((k) => k >= raw);
  let found = [];
  for (; next >= 0 && found.length < 2; next--) {
    found = [];
    const size = sizes[next];
    for (let v = Math.ceil(low / size); v * size <= high; v++) found.push(Number((v * size).toPrecision(6)));
  }
  return found;
}
