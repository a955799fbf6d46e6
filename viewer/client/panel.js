// All of the page but the 3D picture. Texts of a result are set as text only, never as markup.

const byId = (id) => document.getElementById(id);

function element(kind, text, name) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function makePanel(doc, state, clock, actions) {
  const first = doc.results[0];
  const last = first.count - 1;
  for (const id of ["layers", "facts", "charts", "marks", "through", "film", "now", "speed", "keylist"]) byId(id).replaceChildren();
  delete byId("legend").dataset.told;
  document.body.classList.toggle("plain", !first.charts.length);
  byId("name").textContent = byId("name").title = doc.title;
  const boxes = makeLayerBoxes(doc, actions);
  const charts = makeCharts(doc, state, clock, actions);
  const feet = makeFeet(first);
  const through = makeThrough(doc, actions);
  makeMarks(first, clock);
  byId("knob").max = Math.max(last, 1);
  for (const id of ["knob", "play", "back", "forth"]) byId(id).disabled = last < 1;
  for (const speed of SPEEDS) byId("speed").append(new Option(`${speed}×`, speed));
  for (const { name, facts } of doc.results) {
    if (doc.results.length > 1) byId("facts").append(element("h2", name));
    byId("facts").append(...facts.map(makeFact));
  }
  byId("quality").hidden = !byId("facts").children.length;
  byId("quality").open = innerHeight > 700;
  const films = doc.results.map((result, i) => makeFilmBox(doc, i, actions));

  byId("play").onclick = actions.toggle;
  byId("back").onclick = () => actions.step(-1);
  byId("forth").onclick = () => actions.step(1);
  byId("knob").oninput = (event) => actions.scrub(Number(event.target.value));
  byId("frame").onchange = (event) => {
    const typed = Number.parseFloat(event.target.value);
    actions.seek(Number.isFinite(typed) ? typed : state.frame);
  };
  byId("speed").onchange = (event) => actions.speed(Number(event.target.value));
  byId("repeat").onchange = (event) => actions.repeat(event.target.checked);
  byId("opacity").oninput = (event) => actions.opacity(Number(event.target.value));
  byId("from").onclick = () => actions.range("from");
  byId("to").onclick = () => actions.range("to");
  byId("whole").onclick = () => actions.range("all");
  byId("theme").onclick = actions.dark;
  byId("help").onclick = actions.help;
  for (const button of document.querySelectorAll("[data-view]"))
    button.onclick = () => actions.from(button.dataset.view);

  // Bring everything to the state: whoever changed it, and whether it changed or not.
  function refresh() {
    const { frame } = state;
    byId("moment").textContent = `${(frame / first.fps).toFixed(2)} s · frame ${frame} of ${last}`;
    byId("knob").value = frame;
    if (document.activeElement !== byId("frame")) byId("frame").value = frame; // what is being typed stays
    byId("play").textContent = clock.playing ? "❚❚" : "▶";
    byId("play").setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    byId("repeat").checked = clock.repeat;
    byId("speed").value = String(SPEEDS.find((s) => Math.abs(s - clock.speed) < 1e-6) ?? 1);
    byId("opacity").value = state.opacity;
    document.documentElement.classList.toggle("dark", state.dark);
    boxes();
    through(state.through);
    films.forEach(({ choose }, i) => choose(state.cameras[i]));
    feet(frame);
    charts.cursor();
    const range = byId("marks").querySelector(".range");
    range.style.left = `${(100 * clock.from) / first.count}%`;
    range.style.width = `${(100 * (clock.to - clock.from + 1)) / first.count}%`;
    range.hidden = clock.from === 0 && clock.to === last;
    byId("whole").hidden = range.hidden;
    byId("marks").classList.toggle("none", range.hidden && !first.stretches.length && !doc.running);
  }
  return { refresh, repaint: charts.repaint, film: (i, ...given) => films[i].show(...given) };

  function makeLayerBoxes() {
    const all = [...doc.layers.map(({ name, label, key }) => [name, label, key]), ["follow", "Follow", "F"]];
    if (doc.results.length > 1) all.push(["apart", "Side by side", "P"], ["align", "Align starts", "A"]);
    const found = all.map(([name, label, key]) => {
      const box = element("input");
      box.type = "checkbox";
      box.onchange = () => actions.show(name, box.checked);
      const line = element("label");
      line.append(box, element("span", label));
      if (key) line.append(element("kbd", key.toUpperCase()));
      byId("layers").append(line);
      return [name, box];
    });
    return () => {
      for (const [name, box] of found) box.checked = name in state.layers ? state.layers[name] : state[name];
      const legends = doc.layers.filter(({ name }) => state.layers[name]).flatMap(({ legend }) => legend);
      const guessed = doc.results.some(({ tracked }) => tracked.includes(0));
      const told = legends.filter(({ text }) => guessed || !text.startsWith("nobody seen"));
      if (first.pending.includes(1) && doc.layers.length)
        told.push({ colour: PENDING.colour, text: "fit to the film, still to be simulated" });
      if (doc.results.length > 1) told.push({ colour: SECOND, text: `${doc.results[1].name}, dashed in the curves` });
      const all = told.map(({ text }) => text).join();
      if (byId("legend").dataset.told === all) return;
      byId("legend").dataset.told = all;
      byId("legend").replaceChildren(...told.map(makeSwatch));
      byId("legend").hidden = !told.length;
    };
  }
}

function makeSwatch({ colour, text }) {
  const [line, spot] = [element("span"), element("i")];
  spot.style.background = `rgb(${colour.join(" ")})`;
  line.append(spot, text);
  return line;
}

// A number and its unit stay on one line.
const UNIT = /(\d) (?=(?:mm|m|px|%|steps)(?:[ ,/]|$))/g;

// What is said of a result; what it means is told where the pointer rests on it.
function makeFact({ text, meaning, warns }) {
  const line = element("div", undefined, warns ? "warn" : "fact");
  const [, what, value] = (!warns && text.match(/^(.*?): (.*)$/)) || [];
  if (value === undefined) line.textContent = text;
  else line.append(element("span", what), element("span", value.replace(UNIT, "$1\u00a0")));
  line.title = meaning;
  return line;
}

// A button for each camera, to look through it.
function makeThrough(doc, actions) {
  const views = filmsOf(doc).filter(({ result }) => !doc.results[result].same_film);
  const buttons = filmsOf(doc).map((view, i) => {
    const { name, films } = doc.results[view.result];
    const of = views.length === 1 ? "the camera" : films.length > 1 ? view.film.name : name;
    const button = element("button", views.length === 1 ? "Look through the camera" : `Through ${of}`);
    button.title = `The person before the film, where ${of} saw them (C)`;
    button.onclick = () => actions.through(i);
    button.hidden = doc.results[view.result].same_film;
    return button;
  });
  if (views.length > 2) return makeThroughList(buttons, actions);
  byId("through").append(...buttons);
  return (now) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === now)));
}

// Many cameras are a list instead.
function makeThroughList(buttons, actions) {
  const choice = element("select");
  choice.setAttribute("aria-label", "Look through a camera");
  choice.append(new Option("Look through …", -1));
  buttons.forEach((button, i) => !button.hidden && choice.append(new Option(button.textContent, i)));
  let shown = -1;
  choice.onchange = () => actions.through(Number(choice.value) < 0 ? shown : Number(choice.value));
  byId("through").append(choice);
  return (now) => {
    shown = now;
    choice.value = String(now);
    choice.classList.toggle("on", now >= 0);
  };
}

// The film of a result: the picture of the moment, the choice of the camera, and why there is no picture.
function makeFilmBox(doc, number, actions) {
  const { name, films, same_film: same } = doc.results[number];
  const called = number ? `-${number + 1}` : "";
  const [box, choice, picture, note] = ["div", "select", "canvas", "p"].map((kind) => element(kind));
  [box.className, choice.id, picture.id, note.id] = ["one", `camera${called}`, `picture${called}`, `nofilm${called}`];
  [picture.className, note.className] = ["picture", "nofilm"];
  choice.setAttribute("aria-label", doc.results.length > 1 ? `Video of ${name}` : "Video");
  films.forEach((film, i) => choice.append(new Option(film.name || "camera", i)));
  choice.hidden = films.length < 2;
  choice.onchange = () => actions.camera(number, Number(choice.value));
  if (doc.results.length > 1) box.append(element("h2", doc.results[1].same_film ? "The film of both" : name));
  box.append(choice, picture, note);
  box.hidden = number > 0 && same;
  note.hidden = true;
  byId("film").append(box);
  byId("film").classList.toggle("two", doc.results.filter(({ same_film: shared }) => !shared).length > 1);
  let shown = null;
  return {
    choose: (now) => (choice.value = String(now)),
    // `found` is the picture, or while it is on its way the one before; null where there is none.
    show(found, missing, frame, here) {
      note.hidden = !missing && found !== null;
      note.textContent = missing || "This camera has no picture of this moment";
      picture.hidden = found === null;
      if (here && found) picture.dataset.frame = frame;
      if (!found || found === shown) return;
      shown = found;
      [picture.width, picture.height] = [found.width, found.height];
      picture.getContext("2d").drawImage(found, 0, 0);
    },
  };
}

// What a reconstruction is at, while it runs.
function showDoing(doing) {
  byId("doing").hidden = !doing;
  if (!doing) return;
  const { stage, done, total } = doing;
  byId("stagename").textContent = `${stage[0].toUpperCase()}${stage.slice(1)} ${total ? `${done} of ${total}` : done || ""}`;
  byId("share").style.transform = `scaleX(${total ? clamp(done / total, 0, 1) : 0})`;
}

// What the feet bear now, and what is lacking.
function makeFeet(first) {
  const arrows = Object.values(first.parts).flat().filter(({ kind }) => kind === "arrow");
  const rows = arrows.map((part) => {
    const line = element("div", undefined, "foot");
    const [bar, fill, words] = [element("div", undefined, "bar"), element("div"), element("span")];
    bar.append(fill);
    line.append(element("span", part.name[0].toUpperCase() + part.name.slice(1)), bar, words);
    return { part, line, fill, words };
  });
  const note = element("div");
  byId("now").append(element("h2", "Floor's push, total"), ...rows.map(({ line }) => line), note);
  const why = (frame) => {
    const { what } = first.stretches.find(({ start, end }) => start <= frame && frame < end) ?? { what: "not simulated" };
    return what[0].toUpperCase() + what.slice(1);
  };
  return (frame) => {
    for (const { part, fill, words } of rows) {
      const newtons = length(Array.from(row(part.vector, frame)));
      const share = newtons / first.weight;
      const inAir = first.pending[frame] ? "still to come" : first.simulated[frame] ? "in the air" : "not simulated";
      const told = newtons > part.least ? `${tens(newtons)} N · ${share.toFixed(2)} BW` : inAir;
      if (words.textContent !== told) words.textContent = told;
      words.className = newtons > part.least ? "" : "plain";
      fill.style.transform = `scaleX(${clamp(share / 1.5, 0, 1).toFixed(3)})`;
    }
    const lacks = first.pending[frame]
      ? "Not simulated yet"
      : !first.tracked[frame] ? "Nobody was seen in this frame" : first.simulated[frame] ? "" : why(frame);
    note.textContent = lacks || (rows.length ? "" : "No simulated forces in this motion");
    note.className = lacks ? "warn" : "plain";
  };
}

const MARKS = {
  "nobody seen": "nobody",
  "not simulated": "kinematic",
  "on a seat, not simulated": "kinematic",
  "camera moves, not simulated": "kinematic",
  "still to come": "pending",
};

// Frames that lack something, and the loop, under the timeline.
function makeMarks(first) {
  for (const { start, end, what } of first.stretches) {
    const mark = element("div", undefined, MARKS[what]);
    mark.style.left = `${(100 * start) / first.count}%`;
    mark.style.width = `${(100 * (end - start)) / first.count}%`;
    mark.title = `${what}: frames ${start} to ${end - 1}`;
    byId("marks").append(mark);
  }
  byId("marks").append(element("div", undefined, "range"));
}
