// The films' pictures: inside the page, or from its server; the one of a frame is shown when it is there.

const KEPT = 200;
const AHEAD = 12;
const AGAIN = 2000; // milliseconds after which a picture that could not be had is asked for again

function makeFilms(inside) {
  const kept = new Map(); // key -> bitmap, null (no picture), or a promise of one
  let doc = null;
  const keyOf = (result, camera, frame) => {
    const film = inside ? inside[result][camera] : null;
    return `${result}/${camera}/${film ? film.index[frame] : frame}`;
  };
  const load = async (result, camera, frame) => {
    let blob = null;
    if (inside) {
      const film = inside[result][camera];
      const number = film.index[frame];
      if (number >= 0) blob = new Blob([bytesOf(film.pictures[number])], { type: "image/webp" });
    } else {
      const answer = await fetch(`film/${result}/${camera}/${frame}`);
      if (!answer.ok) throw new Error(`a picture of the film: ${answer.status}`);
      if (answer.status === 200) blob = await answer.blob(); // 204: this frame has none
    }
    return blob ? createImageBitmap(blob) : null;
  };
  const ask = (result, camera, frame) => {
    const key = keyOf(result, camera, frame);
    if (kept.has(key)) {
      const had = kept.get(key);
      kept.delete(key);
      kept.set(key, had);
      return had;
    }
    const promise = load(result, camera, frame)
      .catch(() => {
        // The server was busy, or is gone: there is none for now, but not for good.
        setTimeout(() => kept.get(key) === null && kept.delete(key), AGAIN);
        return null;
      })
      .then((bitmap) => {
        kept.set(key, bitmap);
        return bitmap;
      });
    kept.set(key, promise);
    for (const old of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(old);
    }
    return promise;
  };
  return {
    open: (given) => (doc = given),
    missing: (result, camera) => doc.results[result].films[camera].missing,
    // A bitmap, null where there is none, undefined while it is on its way; `ready` is called when it has come.
    get(result, camera, frame, ready) {
      if (this.missing(result, camera)) return null;
      const had = ask(result, camera, frame);
      if (!(had instanceof Promise)) return had;
      had.then(ready);
      return undefined;
    },
    prefetch(result, camera, frame, stride) {
      if (this.missing(result, camera)) return;
      for (let k = stride; k <= Math.max(AHEAD, stride); k += stride)
        if (frame + k < doc.results[result].count) ask(result, camera, frame + k);
    },
  };
}
