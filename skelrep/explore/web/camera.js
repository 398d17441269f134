// Where on the map the screen lies: `scale` pixels a unit of the map, its middle at (x, y).

const CLOSEST = 400;

class Camera {
  constructor() {
    Object.assign(this, { x: 0.5, y: 0.5, scale: 1, width: 1, height: 1, left: 0, right: 0, fitted: 1 });
  }

  // `left` and `right` pixels of the screen are covered by other things.
  resize(width, height, left, right) {
    const whole = this.scale === this.fitted;
    Object.assign(this, { width: Math.max(1, width), height: Math.max(1, height), left, right });
    this.fitted = 0.92 * Math.max(1, Math.min(this.width - left - right, this.height));
    if (whole) this.fit();
    else this.scale = Math.max(this.scale, this.fitted / 2);
  }

  fit() {
    Object.assign(this, { x: 0.5 - (this.left - this.right) / 2 / this.fitted, y: 0.5, scale: this.fitted });
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  toMap(screenX, screenY) {
    return [
      (screenX - this.width / 2) / this.scale + this.x,
      (screenY - this.height / 2) / this.scale + this.y,
    ];
  }

  pan(dx, dy) {
    this.x = Math.min(1.5, Math.max(-0.5, this.x - dx / this.scale));
    this.y = Math.min(1.5, Math.max(-0.5, this.y - dy / this.scale));
  }

  // Zoom so that what lies under a point of the screen stays there.
  zoom(factor, screenX = this.width / 2, screenY = this.height / 2) {
    const [x, y] = this.toMap(screenX, screenY);
    this.scale = Math.min(this.fitted * CLOSEST, Math.max(this.fitted / 2, this.scale * factor));
    this.x = x - (screenX - this.width / 2) / this.scale;
    this.y = y - (screenY - this.height / 2) / this.scale;
  }

  // Move as little as shows a point with some room around it.
  reveal(x, y, room = 70) {
    const [sx, sy] = this.toScreen(x, y);
    const bound = (value, size) => Math.min(Math.max(value, Math.min(room, size / 2)), size - Math.min(room, size / 2));
    this.pan(bound(sx, this.width) - sx, bound(sy, this.height) - sy);
  }

  get radius() {
    return Math.min(9, 2.6 * (this.scale / this.fitted) ** 0.35);
  }
}
