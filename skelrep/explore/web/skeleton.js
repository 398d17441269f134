// Figures: the body's left in one colour, its right in another, the floor below; one clock moves them all.

const TILT = 0.14; // radians from above, to show depth
const HEAD_RADIUS = 0.095; // metres
const USUAL_TURN = 0.49; // radians from the side
const MARKS_APART = 0.5; // metres

class Figure {
  constructor(canvas, skeleton) {
    Object.assign(this, { canvas, skeleton, motion: null, turn: USUAL_TURN, time: 0, wanted: -1, middle: [0, 0] });
    this.limbs = ['middle', 'left', 'right'].map((side) => [
      side, skeleton.order.slice(1).filter((j) => skeleton.sides[j] === side && j !== skeleton.head),
    ]);
  }

  // Show a clip as soon as it is unpacked, unless another one was asked for since.
  async show(clip, motions) {
    this.wanted = clip;
    if (clip < 0) this.motion = null;
    else {
      const motion = await motions.get(clip);
      if (this.wanted !== clip) return;
      this.motion = motion;
      this.time = 0;
    }
    this.draw();
  }

  draw() {
    const { canvas, motion } = this;
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!motion) return;
    const { radius, low, high } = motion.frame;
    this.middle = this.followed();
    const tall = (high - low + 2 * HEAD_RADIUS) * Math.cos(TILT) + 2 * radius * Math.sin(TILT);
    const scale = Math.min((width - 8) / (2 * radius + 0.1), (height - 8) / tall);
    const base = height - 4 + low * Math.cos(TILT) * scale - radius * Math.sin(TILT) * scale;
    this.drawFloor(context, width / 2, base, scale, radius);
    for (let body = 0; body < motion.bodies; body++) this.drawBody(context, body, width / 2, base, scale);
  }

  drawFloor(context, x, y, scale, radius) {
    context.strokeStyle = theme.floor;
    context.fillStyle = theme.stage;
    context.lineWidth = 1;
    context.beginPath();
    context.ellipse(x, y, radius * scale, radius * scale * Math.sin(TILT), 0, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    if (this.motion.frame.follow) this.drawMarks(context, x, y, scale, radius);
  }

  // Dots on the floor, half a metre apart, pass below who is followed.
  drawMarks(context, x, y, scale, radius) {
    const cos = Math.cos(this.turn), sin = Math.sin(this.turn), dot = Math.max(0.8, 0.018 * scale);
    const reach = Math.ceil(radius / MARKS_APART);
    const [column, row] = this.middle.map((v) => Math.round(v / MARKS_APART));
    context.fillStyle = theme.line;
    context.beginPath();
    for (let i = column - reach; i <= column + reach; i++) {
      for (let j = row - reach; j <= row + reach; j++) {
        const right = i * MARKS_APART - this.middle[0], away = j * MARKS_APART - this.middle[1];
        if (Math.hypot(right, away) > 0.92 * radius) continue;
        const px = x + (right * cos - away * sin) * scale;
        const py = y - (away * cos + right * sin) * Math.sin(TILT) * scale;
        context.moveTo(px + dot, py);
        context.ellipse(px, py, dot, dot * 0.5, 0, 0, 2 * Math.PI);
      }
    }
    context.fill();
  }

  drawBody(context, body, x, y, scale) {
    const page = this.page(body);
    if (!page) return;
    const at = (joint) => [x + page[2 * joint] * scale, y - page[2 * joint + 1] * scale];
    context.lineCap = context.lineJoin = 'round';
    const width = Math.max(1.4, Math.min(5, 0.034 * scale));
    for (const [side, joints] of this.limbs) {
      context.strokeStyle = theme[side];
      for (const thin of [true, false]) {
        context.lineWidth = thin ? width * 0.6 : width;
        context.beginPath();
        for (const joint of joints) {
          if (joint >= 21 !== thin) continue;
          context.moveTo(...at(this.skeleton.parents[joint]));
          context.lineTo(...at(joint));
        }
        context.stroke();
      }
    }
    context.beginPath();
    context.arc(...at(this.skeleton.head), HEAD_RADIUS * scale, 0, 2 * Math.PI);
    context.fillStyle = theme.panel;
    context.strokeStyle = theme.middle;
    context.lineWidth = width * 0.8;
    context.fill();
    context.stroke();
  }

  // Where in its samples the motion is: before, after, and how far between.
  moment() {
    const { samples, seconds } = this.motion;
    const exact = seconds > 0 ? (this.time / seconds) * (samples - 1) : 0;
    const before = Math.min(samples - 1, Math.floor(exact));
    return [exact, before, Math.min(samples - 1, before + 1)];
  }

  // What is in the middle of the figure: where the clip begins, or the first body.
  followed() {
    const { poses, bodies, joints, frame } = this.motion;
    if (!frame.follow) return [0, 0];
    const [exact, before, after] = this.moment(), weight = exact - before, stride = 3 * bodies * joints;
    return [0, 2].map((axis) => poses[before * stride + axis] * (1 - weight) + poses[after * stride + axis] * weight);
  }

  // Joints on the page, metres, between two samples; null where the body is absent.
  page(body) {
    const { bodies, joints, poses, present } = this.motion;
    const [exact, before, after] = this.moment();
    if (!present[Math.round(exact) * bodies + body]) return null;
    const weight = present[before * bodies + body] && present[after * bodies + body] ? exact - before : 0;
    const cos = Math.cos(this.turn), sin = Math.sin(this.turn);
    const page = new Float32Array(2 * joints);
    const from = (before * bodies + body) * joints * 3, to = (after * bodies + body) * joints * 3;
    for (let joint = 0; joint < joints; joint++) {
      const [x, up, z] = [0, 1, 2].map((axis) => {
        const i = joint * 3 + axis;
        return poses[from + i] * (1 - weight) + poses[to + i] * weight;
      });
      const right = x - this.middle[0], away = z - this.middle[1];
      page[2 * joint] = right * cos - away * sin;
      page[2 * joint + 1] = up * Math.cos(TILT) + (away * cos + right * sin) * Math.sin(TILT);
    }
    return page;
  }
}

// Moves the figures that can be seen.
class Clock {
  constructor() {
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    Object.assign(this, { figures: new Set(), playing: !still, speed: 1, last: 0, ticking: false, onTick: () => {} });
  }

  set(figures) {
    this.figures = new Set(figures);
    this.wake();
  }

  wake() {
    if (this.ticking || !this.playing || !this.figures.size) return;
    this.ticking = true;
    this.last = performance.now();
    requestAnimationFrame((now) => this.tick(now));
  }

  tick(now) {
    const passed = (Math.max(0, now - this.last) / 1000) * this.speed;
    this.last = now;
    for (const figure of this.figures) {
      if (!figure.motion) continue;
      figure.time += passed;
      // Half a second of rest before a clip begins again.
      if (figure.time > figure.motion.seconds + 0.5) figure.time = 0;
      const time = figure.time;
      figure.time = Math.min(time, figure.motion.seconds);
      figure.draw();
      figure.time = time;
    }
    this.onTick();
    this.ticking = this.playing && this.figures.size > 0;
    if (this.ticking) requestAnimationFrame((next) => this.tick(next));
  }
}
