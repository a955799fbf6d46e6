// Vectors are arrays of 3 numbers; matrices are 16 numbers, column by column, as WebGL takes them.

const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const sub = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scale = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const length = (a) => Math.hypot(a[0], a[1], a[2]);
const unit = (a) => scale(a, 1 / Math.max(length(a), 1e-12));
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

function multiply(a, b) {
  const c = new Float32Array(16);
  for (let j = 0; j < 4; j++)
    for (let i = 0; i < 4; i++)
      for (let k = 0; k < 4; k++) c[4 * j + i] += a[4 * k + i] * b[4 * j + k];
  return c;
}

// World to eye: x right, y up, z towards the viewer.
function lookAt(eye, target, up) {
  const z = unit(sub(eye, target));
  const x = unit(cross(up, z));
  return fromAxes(eye, x, cross(z, x), z);
}

function fromAxes(eye, x, y, z) {
  return new Float32Array([
    x[0], y[0], z[0], 0, x[1], y[1], z[1], 0, x[2], y[2], z[2], 0, -dot(x, eye), -dot(y, eye), -dot(z, eye), 1,
  ]);
}

function perspective(fov, aspect, near, far) {
  const f = 1 / Math.tan(fov / 2);
  return frustum(f / aspect, f, 0, 0, near, far);
}

// A projection with the given focal lengths and principal point, in units of half the picture.
function frustum(fx, fy, cx, cy, near, far) {
  const d = near - far;
  return new Float32Array([fx, 0, 0, 0, 0, fy, 0, 0, -cx, -cy, (near + far) / d, -1, 0, 0, (2 * near * far) / d, 0]);
}

function orthographic(half, near, far) {
  const d = near - far;
  return new Float32Array([1 / half, 0, 0, 0, 0, 1 / half, 0, 0, 0, 0, 2 / d, 0, 0, 0, (near + far) / d, 1]);
}

// Where a world point is in normalized coordinates (-1 to 1), and how far ahead.
function projected(clip, p) {
  const at = [0, 1, 2, 3].map((i) => clip[i] * p[0] + clip[4 + i] * p[1] + clip[8 + i] * p[2] + clip[12 + i]);
  return { x: at[0] / at[3], y: at[1] / at[3], ahead: at[3] };
}
