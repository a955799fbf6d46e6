// How much work a picture may be, so that what moves stays in motion where pictures are drawn in software.

const SLOW = 50; // milliseconds from picture to picture above which less work is done
const PATIENCE = 150; // pictures in time after which more work is tried again, once
const STILL = 250; // milliseconds without motion after which a picture is drawn as well as it can be

function makePace(inSoftware) {
  let [level, drawnAt, last, since, slow, fast, interval] = [inSoftware ? EFFORTS.length - 1 : 0, 0, 0, 0, 0, 0, 0];
  let least = level; // a level above it was too slow already
  let [moving, raised] = [false, false];
  const times = []; // of the latest pictures: what JavaScript took, and from each to the next
  return {
    moved: () => ([moving, since] = [true, performance.now()]),
    tick(playing) {
      const now = performance.now();
      if (playing) [moving, since] = [true, now];
      else if (moving && now - since > STILL) moving = false;
    },
    // Whether a picture that was drawn with less work, in motion, may now be drawn with all.
    refines: () => !moving && drawnAt > 0,
    effort: () => EFFORTS[moving ? level : 0],
    // How many frames, of which so many are due in a second, share a picture of the film: no more are asked for than are seen.
    stride: (rate) => (moving ? Math.max(1, Math.round((rate * interval) / 1000)) : 1),
    drew(took) {
      const now = performance.now();
      drawnAt = moving ? level : 0;
      if (moving && last) {
        slow = now - last > SLOW ? slow + 1 : Math.max(slow - 1, 0);
        fast = now - last < SLOW / 2 ? fast + 1 : 0;
        if (slow >= 3 && level < EFFORTS.length - 1) {
          if (raised) least = level + 1;
          [level, slow] = [level + 1, 0];
        } else if (fast >= PATIENCE && level > least) [level, fast, raised] = [level - 1, 0, true];
        times.push([took, now - last]);
        if (times.length > 30) times.shift();
        const mean = [0, 1].map((i) => times.reduce((sum, one) => sum + one[i], 0) / times.length);
        interval = mean[1] > SLOW ? mean[1] : 0;
        document.documentElement.dataset.pace = `${mean[0].toFixed(2)} ${mean[1].toFixed(1)} ${level}`;
      }
      last = moving ? now : 0;
    },
  };
}
