// The 3D picture: everything that the document's parts say, on a floor, in light, with words over it.

const THEMES = {
  light: { haze: [0.945, 0.953, 0.965], sky: [0.80, 0.845, 0.90], plane: [0.845, 0.858, 0.88], lines: [0.62, 0.65, 0.70] },
  dark: { haze: [0.15, 0.165, 0.195], sky: [0.055, 0.06, 0.075], plane: [0.20, 0.215, 0.245], lines: [0.36, 0.39, 0.45] },
};
// What is washed over a person to tell the second result from the first, and one who is still to be simulated; RGB.
const SECOND = [26, 158, 133];
const PENDING = { colour: [132, 76, 199], opacity: 0.45 };
// How much work a picture is: pixels along each side of the page's, those of the shadow's, and looks at it for each pixel.
const EFFORTS = [
  { scale: 1, shadow: 2048, samples: 16 },
  { scale: 0.75, shadow: 768, samples: 6 },
  { scale: 0.5, shadow: 768, samples: 4 },
];
const OVER_FILM = 0.3; // opacity of what stands on the floor over a film, which shows it itself
const THICK = 0.022; // radius of an arrow's shaft, metres

// The picture of any document; `open` gives it one.
function makeStage(canvas, words) {
  const graphics = makeGraphics(canvas);
  if (!graphics) return null;
  const { gl, programs } = graphics;
  const shadowsOf = Object.fromEntries([...new Set(EFFORTS.map(({ shadow }) => shadow))].map((size) => [size, makeShadows(gl, size)]));
  const arrowShape = makeArrowShape(graphics);
  const square = { corner: { data: new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), size: 2 } };
  const [floor, sky] = [makeVertices(gl, programs.floor, square), makeVertices(gl, programs.sky, square)];
  const filmTexture = pictureTexture(gl);
  const [home, view] = [{}, {}];
  let [doc, results, canvases, towardsLight] = [null, [], [], null];
  let clip = null; // of the picture drawn last
  let effort = EFFORTS[0];

  // `keeps` is whether the eye stays where it is.
  function open(given, keeps) {
    results.forEach((one) => freeResult(gl, one));
    canvases.forEach((one) => freeVertices(gl, one));
    words.replaceChildren();
    doc = given;
    results = doc.results.map((result) => makeResult(graphics, result, words));
    canvases = filmsOf(doc).map(({ film }) => makeCanvas(graphics, film.bend));
    Object.assign(home, homeView(doc));
    towardsLight = lightDirection(home);
    if (!keeps) Object.assign(view, home);
  }

  function offsetOf(number, state) {
    const { shift, gap, heading } = placeOf(doc, number, state);
    const apart = state.apart && state.through < 0;
    return { offset: apart ? add(shift, gap) : Array.from(shift), heading: [Math.cos(heading), Math.sin(heading)] };
  }

  function resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2) * effort.scale;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (width && height && (canvas.width !== width || canvas.height !== height)) {
      canvas.width = width;
      canvas.height = height;
    }
  }

  function draw(state, wanted) {
    effort = wanted;
    const shadows = shadowsOf[effort.shadow];
    resize();
    const theme = THEMES[state.dark ? "dark" : "light"];
    const frames = results.map(({ result }) => frameOf(result, doc.results[0], state.frame));
    results.forEach((one, i) => pose(one, frames[i]));
    const look = state.through < 0 ? freeLook(view, doc, state) : throughLook(doc, state, canvas);
    clip = multiply(look.projection, look.world);
    canvas.dataset.clip = clip.join(" ");
    const middle = [...row(doc.results[0].path, frames[0]), 0];
    const lightClip = lightOver(middle, towardsLight, results.length > 1 ? 3.6 : 1.9);
    const common = {
      clip, eye: look.eye, lightClip, towardsLight, shadows: 0, frames: 1, film: 2, texel: 1 / shadows.size, middle,
      pixel: look.pixel, samples: effort.samples, ...theme,
    };
    castShadows(shadows, state, frames, lightClip);

    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...(state.through < 0 ? theme.haze : [0.05, 0.055, 0.065]), 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, shadows.texture);
    const film = state.through >= 0;
    if (film) drawFilm(state, look, common);
    else drawSky(common);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    use("floor", { ...common, see: film ? 0 : 1 });
    gl.depthMask(!film);
    gl.bindVertexArray(floor.vao);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.depthMask(true);
    drawMeshes(state, frames, common, false);
    drawThin(state, frames, common);
    drawMeshes(state, frames, common, true);
    gl.bindVertexArray(null);
    placeWords(state, frames);
    paintKeypoints(state, look);
  }

  // The keypoints, over the film that is looked through, as long as there is nobody to be seen in it.
  function paintKeypoints(state, look) {
    const film = state.through < 0 ? null : filmsOf(doc)[state.through].film;
    const dots = byId("dots");
    dots.hidden = !film || !film.points.length;
    if (dots.hidden) return;
    [dots.width, dots.height] = [canvas.clientWidth, canvas.clientHeight];
    const pen = dots.getContext("2d");
    const points = row(film.points, state.frame);
    for (let i = 0; i < points.length; i += 2) {
      if (!Number.isFinite(points[i])) continue;
      const [x, y] = [0, 1].map((c) => 0.5 + look.reach[c] * (points[i + c] - 0.5));
      pen.beginPath();
      pen.arc(x * dots.width, y * dots.height, 4, 0, 7);
      pen.fillStyle = "#ffd23f";
      pen.strokeStyle = "#1d222b";
      pen.fill();
      pen.stroke();
    }
  }

  function use(name, values) {
    gl.useProgram(programs[name].program);
    setUniforms(gl, programs[name], values);
  }

  function pose(one, frame) {
    for (const track of Object.values(one.tracks)) if (track.rest) poseTrack(gl, track, track.rest, frame);
  }

  function castShadows(shadows, state, frames, lightClip) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, shadows.target);
    gl.viewport(0, 0, shadows.size, shadows.size);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(true);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    results.forEach((one, i) => {
      for (const mesh of visible(one.meshes, state)) {
        if (mesh.part.opacity < 1 || isPending(one, mesh, frames[i])) continue; // a ghost casts none
        if (mesh.part.ground && state.through >= 0) continue; // the film has its shadow
        drawMesh("depth", mesh, { clip: lightClip, ...offsetOf(i, state), frames: 1 });
      }
    });
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  function drawMesh(name, mesh, values) {
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, mesh.track.texture);
    use(name, values);
    gl.bindVertexArray(mesh[name].vao);
    gl.drawElements(gl.TRIANGLES, mesh[name].count, gl.UNSIGNED_INT, 0);
  }

  // Those that are seen through fill the depth first, so that only their nearest surface is seen. What stands on the
  // floor comes last: seen through, it is a veil over who is behind it.
  function drawMeshes(state, frames, common, seeThrough) {
    const all = results.flatMap((one, i) => visible(one.meshes, state).map((mesh) => ({ one, i, mesh })));
    const ground = ({ mesh }) => mesh.part.ground;
    for (const { one, i, mesh } of [...all.filter((of) => !ground(of)), ...all.filter(ground)]) {
      const opacity = opacityOf(one, mesh, frames[i], state);
      if (opacity > 0.99 === seeThrough) continue;
      const unseen = !mesh.part.ground && !one.result.tracked[frames[i]];
      const values = { ...common, ...offsetOf(i, state), opacity, grey: unseen ? 0.85 : 0, wash: [0, 0, 0] };
      if (isPending(one, mesh, frames[i])) values.wash = inShares(PENDING.colour);
      else if (i && !mesh.part.ground) values.wash = inShares(SECOND);
      if (seeThrough) {
        gl.colorMask(false, false, false, false);
        drawMesh("depth", mesh, values);
        gl.colorMask(true, true, true, true);
      }
      drawMesh("body", mesh, values);
    }
  }

  // Arrows, lines and balls: where something hides them they shine through faintly.
  function drawThin(state, frames, common) {
    for (const [test, alpha] of [[gl.GREATER, 0.38], [gl.LEQUAL, 1]]) {
      gl.depthFunc(test);
      gl.depthMask(test === gl.LEQUAL);
      results.forEach((one, i) => {
        const values = { ...common, ...offsetOf(i, state) };
        for (const { part } of visible(one.arrows, state)) drawArrow(part, frames[i], values, alpha);
        for (const ribbons of visible(one.ribbons, state)) {
          poseRibbons(gl, ribbons, frames[i]);
          if (!ribbons.number) continue;
          use("ribbon", { ...values, width: ribbons.part.width, tint: tintOf(ribbons.part, alpha) });
          gl.bindVertexArray(ribbons.vertices.vao);
          gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, ribbons.number);
        }
        for (const { part, vertices } of visible(one.balls, state)) {
          refill(gl, vertices.buffers.centre, row(part.points, frames[i]));
          use("ball", { ...values, radius: part.radius, tint: tintOf(part, alpha) });
          gl.bindVertexArray(vertices.vao);
          gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, part.points.shape[1]);
        }
      });
    }
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(true);
  }

  function drawArrow(part, frame, values, alpha) {
    const force = Array.from(row(part.vector, frame));
    if (length(force) <= part.least) return;
    const along = scale(force, part.metres_per_newton);
    use("arrow", { ...values, from: row(part.origin, frame), along, thick: THICK, tint: tintOf(part, alpha) });
    gl.bindVertexArray(arrowShape.vao);
    gl.drawElements(gl.TRIANGLES, arrowShape.count, gl.UNSIGNED_INT, 0);
  }

  function drawFilm(state, look, common) {
    gl.disable(gl.DEPTH_TEST);
    gl.depthMask(false);
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, filmTexture);
    use("film", { ...common, reach: look.reach, dim: 0.92 });
    gl.bindVertexArray(canvases[state.through].vao);
    gl.drawElements(gl.TRIANGLES, canvases[state.through].count, gl.UNSIGNED_INT, 0);
    gl.depthMask(true);
  }

  function drawSky(common) {
    gl.disable(gl.DEPTH_TEST);
    gl.depthMask(false);
    use("sky", common);
    gl.bindVertexArray(sky.vao);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.depthMask(true);
  }

  function showFilm(bitmap) {
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, filmTexture);
    if (bitmap) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    else gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array([40, 42, 48, 255]));
  }

  // Words stand in the page, over the picture; two that would overlap are moved apart.
  function placeWords(state, frames) {
    const taken = [];
    const place = (element, world, text, beside) => {
      const at = projected(clip, world);
      const hide = at.ahead < 0.05 || Math.abs(at.x) > 1.1 || Math.abs(at.y) > 1.1;
      element.hidden = hide;
      if (hide) return;
      if (text !== undefined && element.textContent !== text) element.textContent = text;
      const x = (0.5 + 0.5 * at.x) * canvas.clientWidth;
      let y = (0.5 - 0.5 * at.y) * canvas.clientHeight;
      while (taken.some(([u, v]) => Math.abs(u - x) < 120 && Math.abs(v - y) < 24)) y -= 24;
      taken.push([x, y]);
      const from = beside ? "translate(12px, -70%)" : "translate(-50%, -100%)";
      element.style.transform = `${from} translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    };
    results.forEach((one, i) => {
      const put = (point) => placed(point, offsetOf(i, state));
      for (const { layer, part, word } of one.arrows) {
        const force = Array.from(row(part.vector, frames[i]));
        const newtons = length(force);
        word.hidden = true;
        if (!state.layers[layer] || newtons <= part.least) continue;
        const tip = put(add(row(part.origin, frames[i]), scale(force, part.metres_per_newton)));
        place(word, tip, `${tens(newtons)} N · ${(newtons / one.result.weight).toFixed(2)} BW`, true);
      }
      for (const { layer, part, word } of one.words) {
        word.hidden = true;
        const shown = !part.shown.length || part.shown[frames[i]];
        if (state.layers[layer] && shown && state.through < 0) place(word, put(row(part.at, frames[i])));
      }
      if (one.title) {
        one.title.hidden = state.through >= 0;
        if (!one.title.hidden) place(one.title, put(overHead(one.result, frames[i])));
      }
    });
  }

  return { inSoftware: graphics.inSoftware, open, draw, view, home, showFilm };
}

const inShares = (colour) => colour.map((c) => c / 255);

// Digits that flicker from frame to frame tell nobody anything.
const tens = (newtons) => String(10 * Math.round(newtons / 10));

const isPending = ({ result }, mesh, frame) => !mesh.part.ground && result.pending[frame] === 1;

function opacityOf(one, mesh, frame, state) {
  if (mesh.part.ground) return mesh.part.opacity * (state.through < 0 ? 1 : OVER_FILM);
  return mesh.part.opacity * state.opacity * (isPending(one, mesh, frame) ? PENDING.opacity : 1);
}

// From above, over the viewer's left shoulder.
function lightDirection({ eye, target }) {
  const back = unit([eye[0] - target[0], eye[1] - target[1], 0]);
  const left = cross(back, [0, 0, 1]);
  return unit(add(add(scale(back, 0.45), scale(left, 0.42)), [0, 0, 1.15]));
}

function lightOver(middle, towardsLight, half) {
  const target = add(middle, [0, 0, 0.7]);
  return multiply(orthographic(half, 0.1, 12), lookAt(add(target, scale(towardsLight, 6)), target, [0, 1, 0.01]));
}
