// Joins the parts: one state, changed by actions, and drawn once for each picture of the screen in which it changed.

function start() {
  const doc = decoded(readJson("document"));
  const inside = readJson("films");
  const first = doc.results[0];
  if (doc.results.length > 1) for (const result of doc.results) result.titled = true;
  const clock = makeClock(first.count, first.fps);
  const state = {
    frame: 0,
    layers: Object.fromEntries(doc.layers.map(({ name, on }) => [name, on])),
    follow: doc.start.follow,
    apart: true,
    through: -1, // the camera that is looked through
    camera: 0, // whose film is shown beside
    opacity: 1,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    canvas: byId("stage"),
    seeked: true,
  };
  const films = makeFilms(doc, inside);
  const stage = makeStage(byId("stage"), byId("words"), doc);
  if (!stage) {
    byId("failed").hidden = false;
    byId("failed").textContent = "This browser has no WebGL 2, or it is turned off: the 3D picture cannot be drawn.";
  }
  let changed = true;
  let bitmap = null;
  const touch = () => (changed = true);
  const actions = makeActions(doc, state, clock, stage, touch);
  const panel = makePanel(doc, state, clock, actions);
  makeKeys(doc, actions);
  if (stage)
    makeOrbit(byId("stage"), stage, () => {
      if (state.through >= 0) actions.through(-1);
      touch();
    });
  new ResizeObserver(() => {
    panel.repaint();
    touch();
  }).observe(document.body);
  panel.repaint();
  let wasDark = state.dark;

  function tick() {
    const frame = clock.frame();
    if (frame !== state.frame || clock.playing !== state.playing) {
      [state.frame, state.playing] = [frame, clock.playing];
      changed = true;
    }
    if (changed) {
      changed = false;
      if (wasDark !== state.dark) panel.repaint();
      wasDark = state.dark;
      showFilm();
      panel.refresh();
      stage?.draw(state);
      document.documentElement.dataset.drawn = state.frame;
    }
    requestAnimationFrame(tick);
  }

  function showFilm() {
    const camera = state.through >= 0 ? state.through : state.camera;
    if (clock.playing) films.prefetch(camera, state.frame);
    const found = films.get(camera, state.frame, touch);
    const missing = films.missing(camera);
    byId("nofilm").hidden = !missing && found !== null;
    byId("nofilm").textContent = missing || "This camera has no picture of this moment";
    byId("picture").hidden = found === null;
    if (found === undefined) return; // the picture before stays until it is there
    stage?.showFilm(found);
    if (!found || found === bitmap) return;
    bitmap = found;
    const picture = byId("picture");
    [picture.width, picture.height] = [found.width, found.height];
    picture.getContext("2d").drawImage(found, 0, 0);
    picture.dataset.frame = state.frame;
  }

  if (!inside) listen(actions);
  requestAnimationFrame(tick);
  return { doc, state, clock, stage };
}

function makeActions(doc, state, clock, stage, touch) {
  const first = doc.results[0];
  const speeds = [0.1, 0.25, 0.5, 1, 1.5, 2];
  const done = (work) => (...given) => {
    work(...given);
    touch();
  };
  const seek = (frame) => {
    clock.pause();
    clock.seek(frame);
    state.seeked = true;
  };
  const through = (camera) => {
    const same = camera === state.through;
    if (state.through < 0 && camera >= 0) state.before = state.opacity;
    state.through = same ? -1 : camera;
    if (state.through >= 0) {
      state.camera = camera;
      if (state.before === state.opacity) state.opacity = 0.75;
    } else if (state.before !== undefined) state.opacity = state.before;
  };
  const sides = { front: [0, 0.12], side: [-Math.PI / 2, 0.12], back: [Math.PI, 0.12], top: [0, 1.5] };
  const actions = {
    toggle: () => (clock.playing ? clock.pause() : clock.play()),
    play: (on) => (on ? clock.play() : clock.pause()),
    step: (frames) => {
      clock.step(frames);
      state.seeked = true;
    },
    seek,
    speed: (speed) => clock.setSpeed(speed),
    faster: (by) => {
      const at = speeds.findIndex((speed) => speed >= clock.speed - 1e-6);
      clock.setSpeed(speeds[clamp(at + by, 0, speeds.length - 1)]);
    },
    repeat: (on) => (clock.repeat = on),
    range: (which) => {
      if (which === "all") [clock.from, clock.to] = [0, first.count - 1];
      else clock[which] = state.frame;
      if (clock.from >= clock.to) [clock.from, clock.to] = which === "from" ? [state.frame, first.count - 1] : [0, state.frame];
    },
    opacity: (share) => (state.opacity = share),
    show: (name, on) => {
      const place = name in state.layers ? state.layers : state;
      if (typeof place[name] === "boolean") place[name] = on ?? !place[name];
    },
    through,
    nextCamera: () => {
      const next = state.through + 1;
      if (next < first.films.length) through(next);
      else through(state.through);
    },
    camera: (number) => {
      state.camera = number;
      if (state.through >= 0) state.through = number;
    },
    from: (name) => {
      if (state.through >= 0) through(-1);
      if (!stage) return;
      if (name === "home") Object.assign(stage.view, stage.home);
      else viewFrom(stage, doc, state, ...sides[name]);
    },
    dark: () => (state.dark = !state.dark),
    help: () => byId("keys").showModal(),
  };
  return Object.fromEntries(Object.entries(actions).map(([name, work]) => [name, done(work)]));
}

// What Python tells every page that it serves.
function listen(actions) {
  const source = new EventSource("commands");
  source.onmessage = ({ data }) => {
    const command = JSON.parse(data);
    if ("frame" in command) actions.seek(command.frame);
    if ("playing" in command) actions.play(command.playing);
    if ("layer" in command) actions.show(command.layer, command.visible);
  };
}

start();
