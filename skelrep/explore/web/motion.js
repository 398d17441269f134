// Motions, unpacked when they are looked at. pack.py says what the bytes mean.

const KEPT_MOTIONS = 200;

class Motions {
  constructor(data, skeleton) {
    this.samples = arrayOf(data.samples, Uint16Array);
    this.bodies = arrayOf(data.bodies, Uint8Array);
    this.steps = arrayOf(data.steps, Float32Array);
    this.seconds = arrayOf(data.seconds, Float32Array);
    this.skeleton = skeleton;
    this.tracks = 7 + 3 * (skeleton.parents.length - 1);
    this.elements = document.getElementsByClassName('shelf');
    this.shelves = new Map();
    this.kept = new Map();
    this.place(arrayOf(data.order, Uint32Array), data.clipsAShelf);
  }

  // The shelf of every clip, and where on it the clip begins.
  place(order, clipsAShelf) {
    this.shelfOf = new Uint32Array(order.length);
    this.startOf = new Uint32Array(order.length);
    for (let at = 0, start = 0; at < order.length; at++) {
      if (at % clipsAShelf === 0) start = 0;
      const clip = order[at];
      this.shelfOf[clip] = Math.floor(at / clipsAShelf);
      this.startOf[clip] = start;
      start += this.bodies[clip] * this.tracks * this.samples[clip];
    }
  }

  // A promise of a motion: joints as metres to the right, up, and away.
  get(clip) {
    let motion = this.kept.get(clip);
    if (!motion) {
      motion = this.shelf(this.shelfOf[clip]).then((bytes) => this.unpack(clip, bytes));
      if (this.kept.size >= KEPT_MOTIONS) this.kept.delete(this.kept.keys().next().value);
    } else {
      this.kept.delete(clip);
    }
    this.kept.set(clip, motion);
    return motion;
  }

  shelf(number) {
    if (!this.shelves.has(number)) this.shelves.set(number, inflate(this.elements[number].textContent));
    return this.shelves.get(number);
  }

  unpack(clip, bytes) {
    const { parents, order } = this.skeleton;
    const samples = this.samples[clip], bodies = this.bodies[clip], step = this.steps[clip];
    const joints = parents.length;
    const poses = new Float32Array(samples * bodies * joints * 3);
    const present = new Uint8Array(samples * bodies);
    for (let body = 0; body < bodies; body++) {
      const start = this.startOf[clip] + body * this.tracks * samples;
      const track = (t) => bytes.subarray(start + t * samples, start + (t + 1) * samples);
      const put = (s, joint, axis) => ((s * bodies + body) * joints + joint) * 3 + axis;
      for (let s = 0; s < samples; s++) present[s * bodies + body] = track(0)[s];
      for (let axis = 0; axis < 3; axis++) {
        const low = track(1 + axis), high = track(4 + axis);
        for (let s = 0, sum = 0; s < samples; s++) {
          sum = ((sum + (low[s] | (high[s] << 8))) << 16) >> 16;
          poses[put(s, order[0], axis)] = sum * step;
        }
        for (let bone = 1; bone < joints; bone++) {
          const joint = order[bone], differences = track(7 + (bone - 1) * 3 + axis);
          for (let s = 0, sum = 0; s < samples; s++) {
            sum = ((sum + differences[s]) << 24) >> 24;
            poses[put(s, joint, axis)] = poses[put(s, parents[joint], axis)] + sum * step;
          }
        }
      }
    }
    return { clip, samples, bodies, joints, poses, present, seconds: this.seconds[clip], frame: frameOf(poses) };
  }
}

async function inflate(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// What the figure must show: the greatest distance from the axis it turns about, and its height.
function frameOf(poses) {
  let radius = 0.3, low = 0, high = 1;
  for (let i = 0; i < poses.length; i += 3) {
    radius = Math.max(radius, Math.hypot(poses[i], poses[i + 2]));
    low = Math.min(low, poses[i + 1]);
    high = Math.max(high, poses[i + 1]);
  }
  return { radius, low, high };
}
