// Where the eye stands and looks: at opening, as the pointer turns it, from a side, or through a camera.

// Where the eye stands when the page opens.
function homeView(doc) {
  const { position, look_at, fov } = doc.start;
  const [eye, target] = [Array.from(position), Array.from(look_at)];
  return { eye, target, up: [0, 0, 1], fov };
}

function freeLook(view, doc, state) {
  const { path } = doc.results[0];
  const [now, first] = [row(path, state.frame), row(path, 0)];
  const shift = state.follow ? [now[0] - first[0], now[1] - first[1], 0] : [0, 0, 0];
  const [eye, target] = [add(view.eye, shift), add(view.target, shift)];
  const { clientWidth: width, clientHeight: height } = state.canvas;
  // What is high is seen whole in a narrow picture too.
  const fov = width < height ? 2 * Math.atan(Math.tan(view.fov / 2) * Math.min(height / width, 1.7)) : view.fov;
  const projection = perspective(fov, width / height, 0.05, 120);
  return { eye, world: lookAt(eye, target, view.up), projection, pixel: (2 * Math.tan(fov / 2)) / height };
}

// The look in which all is where the camera saw it, and its whole picture is as large as it can be.
function throughLook(doc, state, canvas) {
  const { film, result } = filmsOf(doc)[state.through];
  const { shift, heading } = placeOf(doc, result, state);
  const turn = { offset: [0, 0, 0], heading: [Math.cos(heading), Math.sin(heading)] };
  const frame = frameOf(doc.results[result], doc.results[0], state.frame);
  const axes = row(film.axes, frame);
  const [right, down, ahead] = [0, 1, 2].map((i) => placed(axes.subarray(3 * i, 3 * i + 3), turn));
  const eye = placed(row(film.eye, frame), { ...turn, offset: shift });
  const [x0, y0, x1, y1] = row(film.frame, frame);
  const aspect = canvas.clientWidth / canvas.clientHeight / (film.size[0] / film.size[1]);
  const reach = aspect > 1 ? [1 / aspect, 1] : [1, aspect];
  const [fx, fy] = [(2 * reach[0]) / (x1 - x0), (2 * reach[1]) / (y1 - y0)];
  const [cx, cy] = [(-reach[0] * (x0 + x1)) / (x1 - x0), (reach[1] * (y0 + y1)) / (y1 - y0)];
  const projection = frustum(fx, fy, cx, cy, 0.05, 120);
  const world = fromAxes(eye, right, scale(down, -1), scale(ahead, -1));
  return { eye, world, projection, reach, pixel: 2 / (fy * canvas.clientHeight) };
}

// Turning, shifting and nearing the view with the pointer; `moved` is called after each.
function makeOrbit(canvas, stage, moved) {
  const held = new Map();
  let pinch = 0;
  const turn = (dx, dy) => {
    const { view } = stage;
    const away = sub(view.eye, view.target);
    const radius = length(away);
    const azimuth = Math.atan2(away[1], away[0]) - 0.008 * dx;
    const height = clamp(Math.asin(clamp(away[2] / radius, -1, 1)) + 0.008 * dy, -0.05, 1.55);
    const flat = radius * Math.cos(height);
    view.eye = add(view.target, [flat * Math.cos(azimuth), flat * Math.sin(azimuth), radius * Math.sin(height)]);
    view.eye[2] = Math.max(view.eye[2], 0.03);
  };
  const shift = (dx, dy) => {
    const { view } = stage;
    const away = sub(view.eye, view.target);
    const right = unit(cross(view.up, away));
    const upwards = unit(cross(away, right));
    const size = (2 * length(away) * Math.tan(view.fov / 2)) / canvas.clientHeight;
    const by = add(scale(right, -dx * size), scale(upwards, dy * size));
    view.eye = add(view.eye, by);
    view.target = add(view.target, by);
  };
  const near = (factor) => {
    const { view } = stage;
    const away = sub(view.eye, view.target);
    view.eye = add(view.target, scale(away, clamp(length(away) * factor, 0.3, 40) / length(away)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
    pinch = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    held.set(event.pointerId, event);
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!dx && !dy) return;
    if (held.size === 2) {
      const [a, b] = [...held.values()];
      const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
      if (pinch) near(pinch / apart);
      pinch = apart;
      shift(dx / 2, dy / 2);
    } else if (before.buttons & 2 || event.shiftKey) shift(dx, dy);
    else turn(dx, dy);
    moved();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => held.delete(event.pointerId));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    near(Math.exp(0.0012 * event.deltaY));
    moved();
  }, { passive: false });
}

// The view from a side of the person: an angle about the vertical from where they face in this frame.
function viewFrom(stage, doc, state, angle, above) {
  const { view, home } = stage;
  const radius = length(sub(home.eye, home.target));
  const facing = doc.results[0].facing[state.frame] + angle;
  const flat = radius * Math.cos(above);
  view.target = [...home.target];
  view.eye = add(view.target, [flat * Math.cos(facing), flat * Math.sin(facing), radius * Math.sin(above)]);
}
