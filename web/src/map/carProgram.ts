/** Numbers for one car in the buffer: from xy, to xy, start, 1/duration, heading from, heading turn, look. */
export const FLOATS_PER_CAR = 9;

export const VERTEX = `#version 300 es
in vec2 corner;
in vec4 path;      // from.xy, to.xy: web Mercator relative to the anchor
in vec4 glide;     // start s, 1/duration, heading from, turn (radians)
in float look;     // state + 8 * stale + 16 * hidden
uniform vec2 anchor_px;
uniform float world_px;
uniform vec2 view_px;
uniform float now_s;
uniform float reach_px;
out vec2 at_px;
flat out int state;
flat out float stale;
flat out vec2 facing;
void main() {
  int bits = int(look + 0.5);
  state = bits & 7;
  stale = (bits & 8) != 0 ? 1.0 : 0.0;
  float t = clamp((now_s - glide.x) * glide.y, 0.0, 1.0);
  float heading = glide.z + glide.w * min(1.0, t * 3.0);
  facing = state == 0 ? vec2(cos(heading), sin(heading)) : vec2(1.0, 0.0);
  at_px = corner * reach_px;
  vec2 px = anchor_px + mix(path.xy, path.zw, t) * world_px + at_px;
  vec2 clip = px / view_px * 2.0 - 1.0;
  gl_Position = (bits & 16) != 0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(clip.x, -clip.y, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
in vec2 at_px;
flat in int state;
flat in float stale;
flat in vec2 facing;
uniform sampler2D atlas;
uniform vec3 colours[5];
uniform vec3 paper;
uniform float size_px;
uniform float disc_px;  // 0: bare shapes
uniform float pixel;    // css pixels in a device pixel
out vec4 colour;
void main() {
  vec2 turned = vec2(facing.x * at_px.x + facing.y * at_px.y, -facing.y * at_px.x + facing.x * at_px.y);
  vec2 unit = turned / size_px * 16.0 + 12.0;
  vec2 inside = step(vec2(0.0), unit) * step(unit, vec2(24.0));
  vec2 mask = texture(atlas, vec2((float(state) + unit.x / 24.0) / 5.0, unit.y / 24.0)).rg * inside.x * inside.y;
  vec3 paint = colours[state];
  float shape = mask.r;
  vec4 under = vec4(paper, 1.0) * mask.g;
  if (disc_px > 0.0) {
    float d = length(at_px);
    float disc = clamp((disc_px - d) / pixel + 0.5, 0.0, 1.0);
    float hole = clamp((disc_px - 2.0 - d) / pixel + 0.5, 0.0, 1.0);
    under = vec4(mix(paint, paper, hole), 1.0) * disc;
  }
  colour = mix(under, vec4(paint, 1.0), shape);
  colour *= stale > 0.5 ? 0.45 : 1.0;
}`;

/** Links the two shaders or says why not. */
export function linkProgram(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("car layer: no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`car layer: ${gl.getProgramInfoLog(program) ?? "not linked"}`);
  }
  return program;
}
