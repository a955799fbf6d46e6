// The document's arrays, from base64 to typed arrays with a shape.

const ARRAY_TYPES = { f4: Float32Array, i4: Int32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// A document whose arrays hold their content as base64, or lie in a buffer, from `base` on, at the place that they tell.
function decoded(value, buffer, base) {
  if (Array.isArray(value)) return value.map((one) => decoded(one, buffer, base));
  if (value === null || typeof value !== "object") return value;
  if ("shape" in value && ("data" in value || "at" in value)) {
    const kind = ARRAY_TYPES[value.type];
    const count = value.shape.reduce((a, b) => a * b, 1);
    const array = "at" in value ? new kind(buffer, base + value.at, count) : new kind(bytesOf(value.data).buffer);
    array.shape = value.shape;
    return array;
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, decoded(one, buffer, base)]));
}

// A document as the server packs it: the length of its JSON, that JSON, and all arrays.
function unpacked(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(buffer, 4, size));
  return decoded(JSON.parse(text), buffer, 4 + size);
}

function readJson(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

// Row k of an array of shape (T, ...): row 0 of one that stands still.
function row(array, k) {
  const size = array.shape.slice(1).reduce((a, b) => a * b, 1);
  const at = array.shape[0] === 1 ? 0 : clamp(k, 0, array.shape[0] - 1);
  return array.subarray(at * size, (at + 1) * size);
}
