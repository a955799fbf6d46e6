// The results of a document: where each stands, which of its frames is due, whose films there are, and what of it is drawn.

// Turned about the vertical, then shifted.
function placed([x, y, z], { offset, heading: [c, s] }) {
  return add([c * x - s * y, s * x + c * y, z], offset);
}

// Where a result stands: by itself, or as the first one, if the user wants them to begin alike.
function placeOf(doc, number, { align }) {
  const { place, aligned } = doc.results[number];
  return align ? aligned : place;
}

// All films of all results: those that can be looked through, and whose they are.
const filmsOf = (doc) =>
  doc.results.flatMap(({ films }, result) => films.map((film, camera) => ({ film, camera, result })));

const visible = (things, state) => things.filter(({ layer }) => state.layers[layer]);
const tintOf = (part, alpha) => [...inShares(part.colour), alpha];

// Above the highest body: a name there hides nothing of the person.
function overHead({ path, tracks }, frame) {
  const origins = row(tracks.motion.position, frame);
  let top = 0;
  for (let i = 5; i < origins.length; i += 3) top = Math.max(top, origins[i]);
  return [...row(path, frame), top + 0.4];
}

// The frame of a result at the moment that a frame of the first one is of.
function frameOf(result, first, frame) {
  return clamp(Math.round((frame / first.fps) * result.fps), 0, result.count - 1);
}

function freeResult(gl, { tracks, meshes, ribbons, balls }) {
  for (const { texture } of Object.values(tracks)) gl.deleteTexture(texture);
  for (const { body, depth } of meshes) for (const one of [body, depth]) freeVertices(gl, one);
  for (const { vertices } of [...ribbons, ...balls]) freeVertices(gl, vertices);
}

function makeResult(graphics, result, words) {
  const tracks = Object.fromEntries(
    Object.entries(result.tracks).map(([name, track]) => [name, makeTrack(graphics.gl, track)]),
  );
  const one = { result, tracks, meshes: [], arrows: [], ribbons: [], balls: [], words: [], title: null };
  const word = (text, kind) => {
    const element = document.createElement("div");
    element.className = kind;
    element.textContent = text;
    element.hidden = true;
    return words.appendChild(element);
  };
  for (const [layer, parts] of Object.entries(result.parts))
    for (const part of parts) {
      if (part.kind === "mesh") {
        const mesh = makeMesh(graphics, part, tracks[part.track]);
        if (!mesh.alone) mesh.track.rest = mesh.rest;
        one.meshes.push({ layer, ...mesh });
      } else if (part.kind === "arrow") one.arrows.push({ layer, part, word: word("", "word force") });
      else if (part.kind === "line") one.ribbons.push({ layer, ...makeRibbons(graphics, part) });
      else if (part.kind === "ball") one.balls.push({ layer, ...makeBalls(graphics, part) });
      else if (part.kind === "word") one.words.push({ layer, part, word: word(part.text, "word") });
    }
  if (result.titled) one.title = word(result.name, "word title");
  return one;
}
