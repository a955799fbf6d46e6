// What a part of the document is on the graphics card, and how it is brought to a frame and drawn.

function makeTrack(gl, track) {
  const bodies = track.position.shape[1];
  return { ...track, bodies, texture: floatTexture(gl, 4, bodies), rows: new Float32Array(16 * bodies), shown: -1 };
}

// The rotation of a quaternion (w, x, y, z), row by row.
function turned(q, i) {
  const [w, x, y, z] = [q[i], q[i + 1], q[i + 2], q[i + 3]];
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
}

// Fill a track's texture with the matrices of a frame: now * inverse(rest).
function poseTrack(gl, track, rest, frame) {
  if (track.shown === frame) return;
  track.shown = frame;
  const position = row(track.position, frame);
  const wxyz = row(track.wxyz, frame);
  const lit = track.lit.shape[1] ? row(track.lit, frame) : null;
  for (let b = 0; b < track.bodies; b++) {
    const now = turned(wxyz, 4 * b);
    const was = turned(rest.wxyz, 4 * b);
    for (let i = 0; i < 3; i++) {
      let shift = position[3 * b + i];
      for (let j = 0; j < 3; j++) {
        const value = now[3 * i] * was[3 * j] + now[3 * i + 1] * was[3 * j + 1] + now[3 * i + 2] * was[3 * j + 2];
        track.rows[16 * b + 4 * i + j] = value;
        shift -= value * rest.position[3 * b + j];
      }
      track.rows[16 * b + 4 * i + 3] = shift;
    }
    track.rows[16 * b + 12] = lit ? lit[b] : 0;
  }
  gl.bindTexture(gl.TEXTURE_2D, track.texture);
  gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, 4, track.bodies, gl.RGBA, gl.FLOAT, track.rows);
}

function makeMesh(graphics, part, track) {
  const { gl, programs } = graphics;
  const attributes = {
    position: { data: part.vertices, size: 3 },
    normal: { data: part.normals, size: 3 },
    bodies: { data: part.bodies, size: 4, whole: true },
    weights: { data: part.weights, size: 4, normalized: true },
    colour: { data: part.colours, size: 3, normalized: true },
  };
  const bodies = part.rest_position.shape[0];
  return {
    part,
    track,
    rest: { position: part.rest_position, wxyz: part.rest_wxyz },
    alone: bodies < track.bodies, // rides on the world
    body: makeVertices(gl, programs.body, attributes, part.faces),
    depth: makeVertices(gl, programs.depth, attributes, part.faces),
  };
}

const CORNERS = { ribbon: [0, -1, 0, 1, 1, -1, 1, 1], ball: [-1, -1, -1, 1, 1, -1, 1, 1] };

function makeRibbons(graphics, part) {
  const { gl, programs } = graphics;
  const empty = new Float32Array(0);
  const attributes = {
    corner: { data: new Float32Array(CORNERS.ribbon), size: 2 },
    start: { data: empty, size: 3, instanced: true },
    end: { data: empty, size: 3, instanced: true },
  };
  return { part, shown: -1, number: 0, vertices: makeVertices(gl, programs.ribbon, attributes) };
}

function poseRibbons(gl, ribbons, frame) {
  const { part } = ribbons;
  if (ribbons.shown === frame) return;
  const pairs = part.pairs.length / 2;
  ribbons.number = part.grows ? Math.min(frame, pairs) : pairs;
  if (ribbons.shown >= 0 && part.points.shape[0] === 1) return void (ribbons.shown = frame);
  ribbons.shown = frame;
  const points = row(part.points, frame);
  for (const [name, which] of [["start", 0], ["end", 1]]) {
    const ends = new Float32Array(3 * pairs);
    for (let i = 0; i < pairs; i++)
      for (let c = 0; c < 3; c++) ends[3 * i + c] = points[3 * part.pairs[2 * i + which] + c];
    refill(gl, ribbons.vertices.buffers[name], ends);
  }
}

function makeBalls(graphics, part) {
  const { gl, programs } = graphics;
  const attributes = {
    corner: { data: new Float32Array(CORNERS.ball), size: 2 },
    centre: { data: new Float32Array(0), size: 3, instanced: true },
  };
  return { part, vertices: makeVertices(gl, programs.ball, attributes) };
}

// An arrow of radius 1: z from 0 to 1 is its shaft, from 1 to 2 its head, which is three times as thick.
function makeArrowShape(graphics) {
  const { gl, programs } = graphics;
  const [position, normal, faces, around] = [[], [], [], 20];
  const profile = [[1, 0, 1, 0], [1, 1, 1, 0], [1, 1, 0, -1], [3, 1, 0, -1], [3, 1, 0.9, 0.4], [0, 2, 0.9, 0.4]];
  profile.forEach(([r, z, out, up], ring) => {
    for (let i = 0; i <= around; i++) {
      const [c, s] = [Math.cos((2 * Math.PI * i) / around), Math.sin((2 * Math.PI * i) / around)];
      position.push(r * c, r * s, z);
      normal.push(out * c, out * s, up);
      if (ring % 2 || i === around) continue;
      const a = ring * (around + 1) + i;
      const b = a + around + 1;
      faces.push(a, a + 1, b, a + 1, b + 1, b);
    }
  });
  const attributes = {
    position: { data: new Float32Array(position), size: 3 },
    normal: { data: new Float32Array(normal), size: 3 },
  };
  return makeVertices(gl, programs.arrow, attributes, new Uint32Array(faces));
}

// The film's canvas: a grid over the picture, whose nodes are taken where the lens bent them.
function makeCanvas(graphics, bend) {
  const { gl, programs } = graphics;
  const side = bend.length ? bend.shape[0] : 2;
  const [place, taken, faces] = [[], [], []];
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) {
      place.push(j / (side - 1), i / (side - 1));
      if (!bend.length) taken.push(j, i);
      const a = i * side + j;
      if (i < side - 1 && j < side - 1) faces.push(a, a + 1, a + side, a + 1, a + side + 1, a + side);
    }
  const attributes = {
    place: { data: new Float32Array(place), size: 2 },
    taken: { data: bend.length ? bend : new Float32Array(taken), size: 2 },
  };
  return makeVertices(gl, programs.film, attributes, new Uint32Array(faces));
}
