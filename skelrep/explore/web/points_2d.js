// The same points without WebGL: one stamp a colour, copied.

class Points2D {
  constructor(canvas, x, y) {
    Object.assign(this, { canvas, x, y, context: canvas.getContext('2d'), stamps: new Map(), key: '' });
  }

  setColours(colours) {
    this.colours = new Uint32Array(colours.buffer.slice(0));
    const solid = (n) => this.colours[n] >>> 24 > 127;
    this.order = Uint32Array.from(this.colours.keys()).sort((a, b) => solid(a) - solid(b) || a - b);
  }

  draw(camera, ratio, ground) {
    const { context, canvas } = this, radius = camera.radius * ratio;
    const key = `${radius} ${ground}`;
    if (key !== this.key) this.stamps.clear();
    this.key = key;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const half = Math.ceil(radius) + 1;
    for (const n of this.order) {
      const [x, y] = camera.toScreen(this.x[n], this.y[n]);
      if (x < -half || y < -half || x > camera.width + half || y > camera.height + half) continue;
      context.drawImage(this.stamp(this.colours[n], radius, half, ground), x * ratio - half, y * ratio - half);
    }
  }

  stamp(colour, radius, half, ground) {
    let stamp = this.stamps.get(colour);
    if (!stamp) {
      stamp = make('canvas');
      stamp.width = stamp.height = 2 * half;
      const context = stamp.getContext('2d'), opacity = colour >>> 24;
      context.globalAlpha = opacity > 127 ? 1 : (2 * opacity) / 255;
      context.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
      context.strokeStyle = `rgb(${ground.join(' ')} / 55%)`;
      context.arc(half, half, radius - 0.4, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
      this.stamps.set(colour, stamp);
    }
    return stamp;
  }
}

function makePoints(canvas, x, y) {
  try {
    return new PointsGL(canvas, x, y);
  } catch {
    const fresh = canvas.cloneNode(); // one that was asked for WebGL gives nothing else
    canvas.replaceWith(fresh);
    return new Points2D(fresh, x, y);
  }
}
