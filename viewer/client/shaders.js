// The programs of the graphics card. Colours are computed in linear light and written as sRGB.

const COMMON = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DShadow;
`;

// Where a result stands: turned about the vertical (cosine and sine), then shifted.
const PLACE = `
uniform vec3 offset;
uniform vec2 heading;
vec3 turned(vec3 v) { return vec3(heading.x * v.x - heading.y * v.y, heading.y * v.x + heading.x * v.y, v.z); }
`;

// Linear blend skinning: four texels a frame are the rows of its matrix from rest to now, and how much it glows.
const SKINNING = PLACE + `
uniform sampler2D frames;
in vec3 position;
in vec3 normal;
in uvec4 bodies;
in vec4 weights;
in vec3 colour;
void skinned(out vec3 at, out vec3 up, out float lit) {
  at = vec3(0.0); up = vec3(0.0); lit = 0.0;
  for (int i = 0; i < 4; i++) {
    if (weights[i] == 0.0) continue;
    int b = int(bodies[i]);
    vec4 x = texelFetch(frames, ivec2(0, b), 0), y = texelFetch(frames, ivec2(1, b), 0);
    vec4 z = texelFetch(frames, ivec2(2, b), 0);
    vec4 p = vec4(position, 1.0);
    at += weights[i] * vec3(dot(x, p), dot(y, p), dot(z, p));
    up += weights[i] * vec3(dot(x.xyz, normal), dot(y.xyz, normal), dot(z.xyz, normal));
    lit += weights[i] * texelFetch(frames, ivec2(3, b), 0).x;
  }
  at = turned(at) + offset;
  up = turned(up);
}
`;

// The same, of places alone.
const PLACING = PLACE + `
uniform sampler2D frames;
in vec3 position;
in uvec4 bodies;
in vec4 weights;
vec3 placed() {
  vec4 p = vec4(position, 1.0);
  vec3 at = vec3(0.0);
  for (int i = 0; i < 4; i++) {
    if (weights[i] == 0.0) continue;
    int b = int(bodies[i]);
    vec4 x = texelFetch(frames, ivec2(0, b), 0), y = texelFetch(frames, ivec2(1, b), 0);
    at += weights[i] * vec3(dot(x, p), dot(y, p), dot(texelFetch(frames, ivec2(2, b), 0), p));
  }
  return turned(at) + offset;
}
`;

const LIGHT = `
uniform mat4 lightClip;
uniform sampler2DShadow shadows;
uniform vec3 towardsLight;
uniform vec3 eye;
uniform float texel;
uniform int samples;
vec3 toLinear(vec3 c) { return pow(c, vec3(2.2)); }
vec3 toScreen(vec3 c) { return pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)); }
// How much of the light arrives, over a disc of samples that grows with softness.
float lightAt(vec3 world, float bias, float softness) {
  vec4 p = lightClip * vec4(world, 1.0);
  vec3 q = 0.5 * p.xyz + 0.5;
  if (any(lessThan(q, vec3(0.0))) || any(greaterThan(q, vec3(1.0)))) return 1.0;
  float sum = 0.0;
  for (int i = 0; i < samples; i++) {
    float r = sqrt((float(i) + 0.5) / float(samples)), a = 2.399963 * float(i);
    sum += texture(shadows, vec3(q.xy + softness * texel * r * vec2(cos(a), sin(a)), q.z - bias));
  }
  return sum / float(samples);
}
`;

const PROGRAMS = {
  body: {
    vertex: COMMON + SKINNING + `
uniform mat4 clip;
out vec3 world; out vec3 facing; out vec3 tint; out float glow;
void main() {
  skinned(world, facing, glow);
  tint = colour;
  gl_Position = clip * vec4(world, 1.0);
}`,
    fragment: COMMON + LIGHT + `
uniform float opacity;
uniform float grey;
uniform vec3 wash;
in vec3 world; in vec3 facing; in vec3 tint; in float glow;
out vec4 colour;
void main() {
  vec3 n = normalize(facing), v = normalize(eye - world), h = normalize(v + towardsLight);
  vec3 base = toLinear(mix(mix(tint, wash, 0.55 * step(0.001, wash.x + wash.y + wash.z)), vec3(0.42), grey));
  float lambert = max(dot(n, towardsLight), 0.0);
  float light = lightAt(world + 0.012 * n, 0.0012, 2.5);
  vec3 sky = mix(vec3(0.30, 0.28, 0.27), vec3(0.56, 0.60, 0.66), 0.5 * n.z + 0.5);
  vec3 c = base * (sky + 1.05 * lambert * light);
  c += 0.10 * light * pow(max(dot(n, h), 0.0), 42.0);
  c += 0.16 * base * pow(1.0 - max(dot(n, v), 0.0), 3.0);
  c = mix(c, vec3(1.0, 0.20, 0.12), 0.72 * glow);
  colour = vec4(toScreen(c), opacity);
}`,
  },
  sky: {
    vertex: COMMON + `in vec2 corner; out float high; void main() { high = corner.y; gl_Position = vec4(corner, 0.9999, 1.0); }`,
    fragment: COMMON + `
uniform vec3 haze; uniform vec3 sky; in float high; out vec4 colour;
void main() { colour = vec4(mix(haze, sky, smoothstep(0.0, 1.15, high)), 1.0); }`,
  },
  depth: {
    vertex: COMMON + PLACING + `
uniform mat4 clip;
void main() { gl_Position = clip * vec4(placed(), 1.0); }`,
    fragment: COMMON + `out vec4 colour; void main() { colour = vec4(1.0); }`,
  },
  floor: {
    vertex: COMMON + `
uniform mat4 clip;
uniform vec3 middle;
in vec2 corner;
out vec3 world;
void main() { world = vec3(middle.xy + 40.0 * corner, 0.0); gl_Position = clip * vec4(world, 1.0); }`,
    fragment: COMMON + LIGHT + `
uniform vec3 plane; uniform vec3 lines; uniform vec3 haze;
uniform vec3 middle;
uniform float see;
in vec3 world;
out vec4 colour;
float grid(float size, float width) {
  vec2 p = world.xy / size, w = fwidth(p);
  vec2 near = abs(fract(p - 0.5) - 0.5);
  vec2 on = 1.0 - smoothstep(vec2(width) - w, vec2(width) + w, near);
  return max(on.x, on.y) * (1.0 - smoothstep(0.15, 0.5, max(w.x, w.y)));
}
void main() {
  float away = length(world.xy - middle.xy);
  float on = max(0.4 * grid(0.5, 0.004), grid(1.0, 0.004));
  vec2 tile = floor(world.xy);
  vec3 c = plane * (1.0 - 0.022 * mod(tile.x + tile.y, 2.0));
  c = mix(c, lines, on);
  float shadow = 1.0 - lightAt(world, 0.0008, 7.0);
  c *= 1.0 - 0.52 * shadow;
  float fade = exp(-pow(away / 7.5, 2.0));
  // Over a film only the shadow is drawn: the film has a floor of its own.
  colour = see > 0.5 ? vec4(c, fade) : vec4(vec3(0.0), 0.5 * shadow * fade);
}`,
  },
  // Lines as ribbons that face the eye, and balls as discs that look round; both have a corner number for each vertex.
  ribbon: {
    vertex: COMMON + PLACE + `
uniform mat4 clip; uniform vec3 eye; uniform float width; uniform float pixel;
in vec3 start; in vec3 end; in vec2 corner;
void main() {
  vec3 a = turned(start) + offset, b = turned(end) + offset, at = mix(a, b, corner.x);
  vec3 along = normalize(b - a + vec3(0.0, 0.0, 1e-9));
  vec3 side = normalize(cross(along, eye - at) + vec3(1e-9));
  float half_ = max(0.5 * width, 0.6 * pixel * length(eye - at));
  gl_Position = clip * vec4(at + side * half_ * corner.y, 1.0);
}`,
    fragment: COMMON + `uniform vec4 tint; out vec4 colour; void main() { colour = tint; }`,
  },
  ball: {
    vertex: COMMON + PLACE + `
uniform mat4 clip; uniform vec3 eye; uniform float radius;
in vec3 centre; in vec2 corner;
out vec2 place;
void main() {
  vec3 c = turned(centre) + offset, z = normalize(eye - c);
  vec3 x = normalize(cross(abs(z.z) > 0.99 ? vec3(1.0, 0.0, 0.0) : vec3(0.0, 0.0, 1.0), z)), y = cross(z, x);
  place = corner;
  gl_Position = clip * vec4(c + radius * (corner.x * x + corner.y * y + z), 1.0);
}`,
    fragment: COMMON + `
uniform vec4 tint;
in vec2 place; out vec4 colour;
void main() {
  float r = dot(place, place);
  if (r > 1.0) discard;
  colour = vec4(tint.rgb * (0.6 + 0.4 * sqrt(1.0 - r) + 0.15 * place.y), tint.a);
}`,
  },
  arrow: {
    vertex: COMMON + PLACE + `
uniform mat4 clip; uniform vec3 from; uniform vec3 along; uniform float thick;
in vec3 position; in vec3 normal;
out vec3 facing; out vec3 world;
void main() {
  float size = length(along), head = min(0.11, 0.45 * size);
  vec3 z = along / size, x = normalize(cross(abs(z.x) > 0.9 ? vec3(0.0, 1.0, 0.0) : vec3(1.0, 0.0, 0.0), z));
  vec3 y = cross(z, x);
  // z of the mesh: 0 to 1 is the shaft, 1 to 2 the head.
  float up = position.z <= 1.0 ? position.z * (size - head) : size - head + (position.z - 1.0) * head;
  world = turned(from + thick * (position.x * x + position.y * y) + up * z) + offset;
  facing = turned(normal.x * x + normal.y * y + normal.z * z);
  gl_Position = clip * vec4(world, 1.0);
}`,
    fragment: COMMON + `
uniform vec4 tint; uniform vec3 eye; uniform vec3 towardsLight;
in vec3 facing; in vec3 world; out vec4 colour;
void main() {
  vec3 n = normalize(facing);
  float lit = 0.72 + 0.36 * max(dot(n, towardsLight), 0.0);
  colour = vec4(min(tint.rgb * lit, 1.0), tint.a);
}`,
  },
  film: {
    vertex: COMMON + `
uniform vec2 reach; in vec2 place; in vec2 taken; out vec2 uv;
void main() { uv = taken; gl_Position = vec4(reach * (2.0 * place - 1.0) * vec2(1.0, -1.0), 0.9999, 1.0); }`,
    fragment: COMMON + `
uniform sampler2D film; uniform float dim; in vec2 uv; out vec4 colour;
void main() {
  bool out_ = any(lessThan(uv, vec2(0.0))) || any(greaterThan(uv, vec2(1.0)));
  colour = vec4(out_ ? vec3(0.0) : texture(film, uv).rgb * dim, 1.0);
}`,
  },
};
