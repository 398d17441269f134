// Mouse, pen and fingers on the map: move, zoom, point, press, lasso, box.

const PRESS_LIMIT = 5; // pixels a pointer may slip and still press

class Gestures {
  constructor(map, onChoose, onSelect) {
    Object.assign(this, { map, onChoose, onSelect, pointers: new Map(), drawing: false, moved: 0, reach: -1 });
    const { overlay } = map;
    overlay.addEventListener('pointerdown', (event) => this.down(event));
    overlay.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel']) overlay.addEventListener(name, (event) => this.up(event));
    overlay.addEventListener('click', (event) => this.press(event));
    overlay.addEventListener('pointerleave', () => update({ hovered: -1 }));
    overlay.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    for (const name of ['focus', 'blur']) overlay.addEventListener(name, () => map.redraw());
  }

  place(event) {
    return [event.offsetX, event.offsetY];
  }

  down(event) {
    if (event.button) return;
    this.map.overlay.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    this.moved = this.pointers.size > 1 ? Infinity : 0; // two fingers press nothing
    this.drawing = this.pointers.size === 1 && (state.tool !== 'move' || event.shiftKey);
    this.box = this.drawing && state.tool === 'box';
    this.map.outline = this.drawing ? [this.place(event)] : [];
  }

  move(event) {
    const before = this.pointers.get(event.pointerId), now = this.place(event);
    if (!before) {
      const hovered = event.pointerType === 'touch' ? -1 : this.map.under(...now);
      this.map.overlay.classList.toggle('pointing', hovered >= 0);
      update({ hovered });
      return;
    }
    this.pointers.set(event.pointerId, now);
    this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (this.drawing) this.extend(now);
    else if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    else if (this.moved > PRESS_LIMIT) {
      this.map.camera.pan(now[0] - before[0], now[1] - before[1]);
      if (state.hovered >= 0) update({ hovered: -1 });
    }
    this.map.redraw();
  }

  extend(now) {
    const [x, y] = this.map.outline[0];
    if (this.box) this.map.outline = [[x, y], [now[0], y], now, [x, now[1]]];
    else this.map.outline.push(now);
  }

  pinch(moving, before, now) {
    const other = [...this.pointers].find(([id]) => id !== moving)[1];
    const distance = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
    this.map.camera.zoom(distance(now) / distance(before), other[0], other[1]);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const slipped = this.moved > PRESS_LIMIT;
    this.reach = slipped ? -1 : event.pointerType === 'touch' ? 20 : 10;
    if (slipped && this.drawing && event.type === 'pointerup') {
      this.onSelect(this.map.enclosed(), event.ctrlKey || event.metaKey);
    }
    if (!this.pointers.size) {
      this.drawing = false;
      this.map.outline = [];
    }
    this.map.redraw();
  }

  // A click comes after `up`. Were the panel opened before it, it would press what has moved below the finger.
  press(event) {
    if (this.reach > 0) this.onChoose(this.map.under(...this.place(event), this.reach));
    this.reach = -1;
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.map.camera.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0022), ...this.place(event));
    update({ hovered: -1 });
    this.map.redraw();
  }
}
