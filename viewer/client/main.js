// Joins the parts: one state, changed by actions, and drawn once for each picture of the screen in which it changed.

function begin() {
  const inside = readJson("films");
  const app = makeApp(inside);
  const given = readJson("document");
  if (given) app.open(decoded(given));
  else listen(app);
}

// The page of one document after the other: of a reconstruction that runs, each holds more than the one before.
function makeApp(inside) {
  const stage = makeStage(byId("stage"), byId("words"));
  if (!stage) {
    byId("failed").hidden = false;
    byId("failed").textContent = "This browser has no WebGL 2, or it is turned off: the 3D picture cannot be drawn.";
  }
  const films = makeFilms(inside);
  const pace = makePace(stage?.inSoftware);
  const latest = []; // the picture of each result's film that was shown last
  let now = null; // what is open: doc, state, clock, actions, panel, and how it ends
  let changed = true;
  const touch = () => (changed = true);
  if (stage)
    makeOrbit(byId("stage"), stage, () => {
      if (!now) return;
      if (now.state.through >= 0) now.actions.through(-1);
      [now.state.touched, now.state.turned] = [true, true];
      pace.moved();
      touch();
    });
  new ResizeObserver(() => {
    now?.panel.repaint();
    touch();
  }).observe(document.body);

  function open(doc) {
    now?.end.abort();
    const before = now;
    for (const result of doc.results) result.titled = doc.results.length > 1;
    const state = makeState(doc, before);
    const clock = makeClock(doc.results[0].count, doc.results[0].fps, before?.clock);
    if (!state.touched) clock.position = frontOf(doc, before);
    films.open(doc);
    stage?.open(doc, state.turned);
    const actions = makeActions(doc, state, clock, stage, touch, pace.moved);
    const end = new AbortController();
    document.title = `${doc.title} · motionrecon`;
    now = { doc, state, clock, actions, end, panel: makePanel(doc, state, clock, actions), shown: [] };
    makeKeys(doc, actions, end.signal);
    now.panel.repaint();
    touch();
  }

  function tick() {
    requestAnimationFrame(tick);
    if (!now) return;
    const { state, clock, panel } = now;
    const frame = clock.frame();
    if (frame !== state.frame || clock.playing !== state.playing) {
      [state.frame, state.playing] = [frame, clock.playing];
      changed = true;
    }
    pace.tick(clock.playing);
    if (!changed && !pace.refines()) return;
    changed = false;
    const began = performance.now();
    showFilms();
    stage?.draw(state, pace.effort()); // before the panel, whose changes would have the page laid out twice
    panel.refresh();
    if (now.dark !== state.dark) panel.repaint();
    now.dark = state.dark;
    document.documentElement.dataset.drawn = state.frame;
    pace.drew(performance.now() - began);
  }

  // The picture of each result's film beside the motion, and of the one that is looked through behind it.
  function showFilms() {
    const { doc, state, clock, panel } = now;
    const through = state.through < 0 ? null : filmsOf(doc)[state.through];
    doc.results.forEach((result, i) => {
      const stride = clock.playing ? pace.stride(result.fps * clock.speed) : 1;
      const frame = stride * Math.floor(frameOf(result, doc.results[0], state.frame) / stride);
      const camera = through?.result === i ? through.camera : state.cameras[i];
      if (!result.films.length || result.same_film) return;
      if (clock.playing) films.prefetch(i, camera, frame, stride);
      const found = films.get(i, camera, frame, touch);
      if (found !== undefined) latest[i] = found;
      panel.film(i, found === undefined ? latest[i] : found, films.missing(i, camera), frame, found !== undefined);
      if (found !== undefined && through?.result === i && now.behind !== found) {
        stage?.showFilm(found);
        now.behind = found;
      }
    });
    if (!through) now.behind = undefined;
  }

  requestAnimationFrame(tick);
  return { open, doing: showDoing, actions: () => now?.actions };
}

// What the page shows, at the beginning, or as far as it may stay as it was.
function makeState(doc, before) {
  const state = {
    frame: 0,
    layers: Object.fromEntries(doc.layers.map(({ name, on }) => [name, on])),
    follow: doc.start.follow,
    apart: true,
    align: false, // whether all results begin at the first one's place, and face as it does
    through: doc.through, // the film that is looked through, of all there are
    cameras: doc.results.map(() => 0), // whose films are shown beside
    chosen: {}, // the title of the chart that each group shows
    opacity: 1,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    canvas: byId("stage"),
    touched: false, // whether the user chose the frame
    turned: false, // and the view
  };
  if (!before) return state;
  const { layers, through, follow, ...others } = before.state;
  Object.assign(state, others);
  for (const name of Object.keys(state.layers)) state.layers[name] = layers[name] ?? state.layers[name];
  // From the film alone to a motion, the page turns to the motion.
  if (before.doc.through === doc.through) Object.assign(state, { through: Math.min(through, filmsOf(doc).length - 1), follow });
  else state.turned = false;
  return state;
}

// Where there is news: the last frame that a reconstruction has simulated; and the first one where none runs.
function frontOf(doc, before) {
  const { pending } = doc.results[0];
  const first = pending.indexOf(1);
  if (first < 0) return before ? before.clock.position : 0;
  return Math.max(first - 1, 0);
}

function makeActions(doc, state, clock, stage, touch, moved) {
  const first = doc.results[0];
  const views = filmsOf(doc);
  const done = (work) => (...given) => {
    work(...given);
    touch();
  };
  const seek = (frame) => {
    clock.pause();
    clock.seek(frame);
    state.touched = true;
  };
  const through = (view) => {
    const same = view === state.through;
    if (state.through < 0 && view >= 0) state.before = state.opacity;
    state.through = same ? -1 : view;
    if (state.through >= 0) {
      const { result, camera } = views[view];
      state.cameras[result] = camera;
      if (state.before === state.opacity) state.opacity = 0.75;
    } else if (state.before !== undefined) state.opacity = state.before;
  };
  const play = (on) => {
    state.touched = true;
    if (on) clock.play();
    else clock.pause();
  };
  const sides = { front: [0, 0.12], side: [-Math.PI / 2, 0.12], back: [Math.PI, 0.12], top: [0, 1.5] };
  const actions = {
    toggle: () => play(!clock.playing),
    play,
    step: (frames) => {
      clock.step(frames);
      state.touched = true;
    },
    seek,
    scrub: (frame) => {
      moved();
      seek(frame);
    },
    speed: (speed) => clock.setSpeed(speed),
    faster: (by) => {
      const at = SPEEDS.findIndex((speed) => speed >= clock.speed - 1e-6);
      clock.setSpeed(SPEEDS[clamp(at + by, 0, SPEEDS.length - 1)]);
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
      const next = views.findIndex(({ result }, i) => i > state.through && !doc.results[result].same_film);
      if (next >= 0 || state.through >= 0) through(next >= 0 ? next : state.through);
    },
    camera: (result, number) => {
      state.cameras[result] = number;
      if (state.through >= 0 && views[state.through].result === result)
        state.through = views.findIndex((view) => view.result === result && view.camera === number);
    },
    from: (name) => {
      if (state.through >= 0) through(-1);
      if (!stage) return;
      state.turned = name !== "home";
      if (name === "home") Object.assign(stage.view, stage.home);
      else viewFrom(stage, doc, state, ...sides[name]);
    },
    dark: () => (state.dark = !state.dark),
    help: () => byId("keys").showModal(),
  };
  return Object.fromEntries(Object.entries(actions).map(([name, work]) => [name, done(work)]));
}

// What Python tells every page that it serves, and what it has to show.
function listen(app) {
  let [fetching, stale] = [false, false];
  const refresh = async () => {
    stale = true;
    if (fetching) return;
    fetching = true;
    while (stale) {
      stale = false;
      const answer = await fetch("document").catch(() => null);
      if (answer?.ok) app.open(unpacked(await answer.arrayBuffer()));
    }
    fetching = false;
  };
  const source = new EventSource("commands");
  source.onopen = () => {
    byId("lost").hidden = true;
    refresh();
  };
  source.onerror = () => (byId("lost").hidden = false);
  source.onmessage = ({ data }) => {
    const command = JSON.parse(data);
    const actions = app.actions();
    if ("document" in command) refresh();
    if ("doing" in command) app.doing(command.doing);
    if (!actions) return;
    if ("frame" in command) actions.seek(command.frame);
    if ("playing" in command) actions.play(command.playing);
    if ("layer" in command) actions.show(command.layer, command.visible);
  };
}

begin();
