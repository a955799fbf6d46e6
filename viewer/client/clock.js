// Which frame is due: computed from the time, never counted up, so that a slow drawer skips frames and stays in time.

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2]; // times the motion's own

function makeClock(count, fps, before) {
  const clock = { playing: false, speed: 1, repeat: true, from: 0, to: count - 1, position: 0, since: 0, count };
  if (before) {
    const { playing, speed, repeat, position, since } = before;
    Object.assign(clock, { playing, speed, repeat, position: Math.min(position, count - 1), since });
    if (before.from > 0 || before.to < before.count - 1) Object.assign(clock, { from: before.from, to: before.to });
  }
  const advance = (now) => {
    const passed = (now - clock.since) / 1000;
    clock.since = now;
    if (!clock.playing) return;
    clock.position += passed * fps * clock.speed;
    const span = clock.to - clock.from + 1;
    if (clock.position < clock.from) clock.position = clock.from;
    if (clock.position < clock.to + (clock.repeat ? 1 : 0)) return;
    if (clock.repeat) clock.position = clock.from + ((clock.position - clock.from) % span);
    else [clock.position, clock.playing] = [clock.to, false];
  };
  clock.frame = (now = performance.now()) => {
    advance(now);
    return clamp(Math.floor(clock.position + 1e-6), 0, count - 1);
  };
  clock.seek = (frame) => {
    advance(performance.now());
    clock.position = clamp(Math.round(frame) || 0, 0, count - 1);
  };
  clock.play = () => {
    advance(performance.now());
    if (!clock.repeat && clock.position >= clock.to) clock.position = clock.from;
    clock.playing = count > 1;
  };
  clock.pause = () => {
    advance(performance.now());
    clock.playing = false;
    clock.position = Math.floor(clock.position + 1e-6);
  };
  clock.step = (frames) => {
    clock.pause();
    clock.position = (((clock.position + frames) % count) + count) % count;
  };
  clock.setSpeed = (speed) => {
    advance(performance.now()); // what has passed, passed at the old speed
    clock.speed = clamp(speed, SPEEDS[0], SPEEDS.at(-1));
  };
  return clock;
}
