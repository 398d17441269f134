// Which clips lie near a point: clips sorted into the cells of a square grid.

class Grid {
  constructor(x, y) {
    Object.assign(this, { x, y, size: Math.max(1, Math.round(Math.sqrt(x.length / 4))) });
    this.starts = new Uint32Array(this.size * this.size + 1);
    const cells = Uint32Array.from(x, (_, n) => this.cell(x[n]) + this.size * this.cell(y[n]));
    for (const cell of cells) this.starts[cell + 1]++;
    for (let cell = 0; cell < this.size * this.size; cell++) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    this.clips = new Uint32Array(x.length);
    cells.forEach((cell, n) => { this.clips[next[cell]++] = n; });
  }

  cell(v) {
    return Math.min(this.size - 1, Math.max(0, Math.floor(v * this.size)));
  }

  // The nearest clip within a distance that is accepted, or -1.
  nearest(x, y, radius, accept) {
    let best = -1, least = radius * radius;
    for (let row = this.cell(y - radius); row <= this.cell(y + radius); row++) {
      for (let column = this.cell(x - radius); column <= this.cell(x + radius); column++) {
        const cell = column + this.size * row;
        for (let i = this.starts[cell]; i < this.starts[cell + 1]; i++) {
          const clip = this.clips[i];
          const distance = (this.x[clip] - x) ** 2 + (this.y[clip] - y) ** 2;
          if (distance <= least && accept(clip)) [best, least] = [clip, distance];
        }
      }
    }
    return best;
  }

  // The clip that a step in a direction leads to: within 60 degrees of it, near, and rather straight ahead.
  towards(from, dx, dy, accept) {
    let best = -1, least = Infinity;
    for (let clip = 0; clip < this.x.length; clip++) {
      const x = this.x[clip] - this.x[from], y = this.y[clip] - this.y[from];
      const ahead = x * dx + y * dy, aside = Math.abs(x * dy - y * dx);
      if (ahead <= 0 || aside > 1.75 * ahead || !accept(clip)) continue;
      const cost = Math.hypot(ahead, 2 * aside);
      if (cost < least) [best, least] = [clip, cost];
    }
    return best;
  }

  // Clips inside a polygon, points of which are [x, y].
  inside(polygon, accept) {
    const found = [];
    for (let clip = 0; clip < this.x.length; clip++) {
      if (accept(clip) && isInside(polygon, this.x[clip], this.y[clip])) found.push(clip);
    }
    return found;
  }
}

function isInside(polygon, x, y) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
