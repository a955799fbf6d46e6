// Curves over time, with the cursor at the frame that is shown.

const CURVES = { left: "#e07030", right: "#3474cc", "": "#7a808c" };

function makeChart(canvas, fps, seek) {
  const chart = { show, cursor };
  const still = document.createElement("canvas");
  let curves = [];
  let [count, frame, range, dark] = [1, 0, [0, 1], false];
  const margins = { left: 46, right: 8, top: 8, bottom: 18 };

  function show(found, frames, isDark) {
    [curves, count, dark] = [found, frames, isDark];
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

  function cursor(at) {
    frame = at;
    paintCursor();
  }

  const x = (k, width) => margins.left + (k / Math.max(count - 1, 1)) * (width - margins.left - margins.right);

  const y = (v, height) =>
    margins.top + (1 - (v - range[0]) / (range[1] - range[0])) * (height - margins.top - margins.bottom);

  // The curves are painted once, beside the page; each frame copies them and adds its cursor.
  function paint() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    for (const one of [canvas, still]) {
      one.width = Math.round(width * ratio);
      one.height = Math.round(height * ratio);
    }
    paintStill(ratio, width, height);
    paintCursor();
  }

  function paintStill(ratio, width, height) {
    const pen = still.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const tall = height - margins.top - margins.bottom;
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of ticks(range[0], range[1], Math.max(2, Math.floor(tall / 26)))) {
      pen.strokeStyle = dark ? "#363c47" : tick === 0 ? "#b4bac4" : "#e2e5ea";
      pen.beginPath();
      pen.moveTo(margins.left, y(tick, height));
      pen.lineTo(width - margins.right, y(tick, height));
      pen.stroke();
      pen.fillStyle = dark ? "#9aa3b2" : "#667080";
      pen.fillText(String(tick), margins.left - 6, y(tick, height));
    }
    pen.textAlign = "center";
    const seconds = (count - 1) / fps;
    for (const tick of ticks(0, Math.max(seconds, 1e-3), Math.max(2, Math.floor(width / 90)))) {
      const words = tick === 0 ? "0 s" : String(tick);
      pen.fillText(words, clamp(x(tick * fps, width), margins.left, width - 14), height - 7);
    }
    for (const curve of curves) paintCurve(pen, curve, width, (v) => y(v, height));
  }

  function paintCursor() {
    if (!canvas.width || !canvas.height || !still.width) return;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(still, 0, 0);
    pen.setTransform(canvas.width / Math.max(width, 1), 0, 0, canvas.height / Math.max(height, 1), 0, 0);
    pen.strokeStyle = dark ? "#e8ebf0" : "#20252e";
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x(frame, width), 2);
    pen.lineTo(x(frame, width), height - margins.bottom);
    pen.stroke();
    for (const { values, side } of curves)
      if (Number.isFinite(values[frame])) {
        pen.fillStyle = CURVES[side];
        pen.beginPath();
        pen.arc(x(frame, width), y(values[frame], height), 3, 0, 7);
        pen.fill();
      }
  }

  // At most two points for each column of the picture, so that a long motion costs no more than a short one.
  function paintCurve(pen, { values, side, other }, width, y) {
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
        if (down) pen.lineTo(x(k, width), y(low));
        else pen.moveTo(x(k, width), y(low));
        if (high > low) pen.lineTo(x(k, width), y(high));
        down = true;
      }
    }
    pen.stroke();
    pen.setLineDash([]);
  }

  const pick = (event) => {
    if (!(event.buttons & 1)) return;
    const share = (event.offsetX - margins.left) / (canvas.clientWidth - margins.left - margins.right);
    seek(Math.round(share * (count - 1)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pick(event);
  });
  canvas.addEventListener("pointermove", pick);
  return chart;
}

// Round numbers between two values, at most so many.
function ticks(low, high, most) {
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw);
  const found = [];
  for (let v = Math.ceil(low / size); v * size <= high; v++) found.push(Number((v * size).toPrecision(6)));
  return found;
}
