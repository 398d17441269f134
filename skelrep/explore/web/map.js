// The map: points, and above them rings, lines and the lasso; drawn when something changed.

class AtlasMap {
  constructor(data) {
    this.data = data;
    this.camera = new Camera();
    this.grid = new Grid(data.x, data.y);
    this.overlay = byId('overlay');
    this.points = makePoints(byId('points'), data.x, data.y);
    this.points.onRestored = () => this.draw();
    this.outline = []; // of the lasso, on the screen
    this.waiting = false;
    new ResizeObserver(() => this.resize()).observe(this.overlay);
    this.colour();
    this.resize();
    listen((changed) => {
      if (['field', 'alone', 'selected'].some((key) => changed.has(key))) this.colour();
      this.redraw();
    });
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.overlay;
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    for (const canvas of [this.points.canvas, this.overlay]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    const legend = width > 640 && byId('legend').open ? byId('legend').offsetWidth + 20 : 0;
    this.camera.resize(width, height, legend, document.querySelector('.tools').offsetWidth + 20);
    this.draw(); // now: a resized canvas is empty
  }

  // Whether the legend lets a clip be seen.
  shows(clip) {
    return !state.alone.size || state.alone.has(this.data.fields[state.field].codes[clip]);
  }

  colour() {
    const { codes } = this.data.fields[state.field];
    const colours = new Uint8Array(4 * this.data.count), known = new Map();
    for (let clip = 0; clip < this.data.count; clip++) {
      if (!known.has(codes[clip])) known.set(codes[clip], colourOf(codes[clip]));
      const strong = this.shows(clip) && (!state.selected.size || state.selected.has(clip));
      colours.set(known.get(codes[clip]), 4 * clip);
      colours[4 * clip + 3] = strong ? 255 : this.shows(clip) ? 42 : 12;
    }
    this.points.setColours(colours);
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!theme.ground || !this.camera.width) return;
    this.points.draw(this.camera, this.ratio, theme.ground);
    const context = this.overlay.getContext('2d');
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.camera.width, this.camera.height);
    if (state.chosen >= 0) this.drawNeighbours(context, state.chosen);
    if (state.hovered >= 0) this.ring(context, state.hovered, 3, 2, theme.ink);
    if (state.chosen >= 0) this.ring(context, state.chosen, 4.5, 2.5, theme.ink);
    if (state.focused >= 0 && this.overlay.matches(':focus-visible')) this.drawFocus(context, state.focused);
    if (this.outline.length > 1) this.drawOutline(context);
  }

  at(clip) {
    return this.camera.toScreen(this.data.x[clip], this.data.y[clip]);
  }

  ring(context, clip, gap, width, colour) {
    const [x, y] = this.at(clip), radius = this.camera.radius;
    context.beginPath();
    context.arc(x, y, radius + 0.6, 0, 2 * Math.PI);
    context.fillStyle = cssColour(this.data.fields[state.field].codes[clip]);
    context.fill();
    for (const [stroke, wide] of [[theme.paper, width + 2.5], [colour, width]]) {
      context.beginPath();
      context.arc(x, y, radius + gap, 0, 2 * Math.PI);
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.stroke();
    }
  }

  drawNeighbours(context, clip) {
    const { topK, rows } = this.data.neighbours, [x, y] = this.at(clip);
    context.lineWidth = 1;
    context.strokeStyle = theme.thread;
    context.beginPath();
    for (let k = 0; k < topK; k++) {
      context.moveTo(x, y);
      context.lineTo(...this.at(rows[clip * topK + k]));
    }
    context.stroke();
    for (let k = topK - 1; k >= 0; k--) this.ring(context, rows[clip * topK + k], 2.2, 1.5, theme.line);
  }

  drawFocus(context, clip) {
    const [x, y] = this.at(clip), size = this.camera.radius + 8;
    for (const [stroke, wide] of [[theme.paper, 5], [theme.accent, 2.5]]) {
      context.strokeStyle = stroke;
      context.lineWidth = wide;
      context.beginPath();
      context.roundRect(x - size, y - size, 2 * size, 2 * size, 5);
      context.stroke();
    }
  }

  drawOutline(context) {
    context.beginPath();
    for (const [x, y] of this.outline) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = theme.wash;
    context.fill();
    context.strokeStyle = theme.accent;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  // The clip under a point of the screen.
  under(screenX, screenY, reach = 10) {
    const [x, y] = this.camera.toMap(screenX, screenY);
    const radius = (this.camera.radius + reach) / this.camera.scale;
    return this.grid.nearest(x, y, radius, (clip) => this.shows(clip));
  }

  enclosed() {
    const polygon = this.outline.map(([x, y]) => this.camera.toMap(x, y));
    return this.grid.inside(polygon, (clip) => this.shows(clip));
  }
}
