// All points in one WebGL call; the graphics processor moves them, so panning costs the same for any number.

const VERTEX = `
attribute vec2 place;
attribute vec4 colour;
uniform vec2 middle, size;
uniform float scale, radius, lit;
varying vec4 tint;
void main() {
  vec2 at = (place - middle) * scale / (0.5 * size);
  bool drawn = (colour.a > 0.5) == (lit > 0.5);
  gl_Position = drawn ? vec4(at.x, -at.y, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 2.0 * radius + 2.0;
  tint = vec4(colour.rgb, lit > 0.5 ? 1.0 : colour.a * 2.0);
}`;
const FRAGMENT = `
precision highp float; // as in the vertex shader, which shares radius
uniform float radius;
uniform vec3 ground;
varying vec4 tint;
void main() {
  float distance = length(gl_PointCoord - 0.5) * (2.0 * radius + 2.0);
  float cover = clamp(radius + 0.5 - distance, 0.0, 1.0);
  float rim = clamp(distance - radius + 1.1, 0.0, 1.0) * 0.55;
  float opacity = cover * tint.a;
  gl_FragColor = vec4(mix(tint.rgb, ground, rim) * opacity, opacity);
}`;

class PointsGL {
  constructor(canvas, x, y) {
    this.canvas = canvas;
    this.gl = canvas.getContext('webgl', { antialias: false, alpha: true, powerPreference: 'high-performance' });
    if (!this.gl) throw new Error('no WebGL');
    this.count = x.length;
    this.places = Float32Array.from({ length: 2 * x.length }, (_, i) => (i % 2 ? y : x)[i >> 1]);
    this.prepare();
    this.onRestored = () => {};
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => {
      this.prepare();
      this.setColours(this.colours);
      this.onRestored();
    });
  }

  prepare() {
    const { gl } = this;
    this.program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(this.program));
    gl.useProgram(this.program);
    this.at = Object.fromEntries(
      ['middle', 'size', 'scale', 'radius', 'lit', 'ground'].map((n) => [n, gl.getUniformLocation(this.program, n)]),
    );
    this.attribute('place', 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, this.places, gl.STATIC_DRAW);
    this.attribute('colour', 4, gl.UNSIGNED_BYTE, true);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  attribute(name, size, type, normalised) {
    const { gl } = this, at = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, normalised, 0, 0);
  }

  // Red, green, blue, opacity of every point; an opacity above a half is drawn solid, above the others.
  setColours(colours) {
    this.colours = colours;
    this.gl.bufferData(this.gl.ARRAY_BUFFER, colours, this.gl.DYNAMIC_DRAW);
  }

  draw(camera, ratio, ground) {
    const { gl, at } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(at.middle, camera.x, camera.y);
    gl.uniform2f(at.size, camera.width, camera.height);
    gl.uniform1f(at.scale, camera.scale);
    gl.uniform1f(at.radius, camera.radius * ratio);
    gl.uniform3f(at.ground, ground[0] / 255, ground[1] / 255, ground[2] / 255);
    for (const lit of [0, 1]) {
      gl.uniform1f(at.lit, lit);
      gl.drawArrays(gl.POINTS, 0, this.count);
    }
  }
}
