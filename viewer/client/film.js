// The films' pictures: inside the page, or from its server; the one of a frame is shown when it is there.

const KEPT = 150;
const AHEAD = 12;

function makeFilms(doc, inside) {
  const kept = new Map(); // key -> bitmap, null (no picture), or a promise of one
  const keyOf = (camera, frame) => {
    const film = inside ? inside[0][camera] : null;
    return `${camera}/${film ? film.index[frame] : frame}`;
  };
  const load = async (camera, frame) => {
    let blob = null;
    if (inside) {
      const film = inside[0][camera];
      const number = film.index[frame];
      if (number >= 0) blob = new Blob([bytesOf(film.pictures[number])], { type: "image/webp" });
    } else {
      const answer = await fetch(`film/0/${camera}/${frame}`);
      if (answer.status === 200) blob = await answer.blob();
    }
    return blob ? createImageBitmap(blob) : null;
  };
  const ask = (camera, frame) => {
    const key = keyOf(camera, frame);
    if (kept.has(key)) {
      const had = kept.get(key);
      kept.delete(key);
      kept.set(key, had);
      return had;
    }
    const promise = load(camera, frame)
      .catch(() => null)
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
    missing: (camera) => doc.results[0].films[camera].missing,
    // A bitmap, null where there is none, undefined while it is on its way; `ready` is called when it has come.
    get(camera, frame, ready) {
      if (this.missing(camera)) return null;
      const had = ask(camera, frame);
      if (!(had instanceof Promise)) return had;
      had.then(ready);
      return undefined;
    },
    prefetch(camera, frame) {
      if (this.missing(camera)) return;
      for (let k = 1; k <= AHEAD; k++) if (frame + k < doc.results[0].count) ask(camera, frame + k);
    },
  };
}
