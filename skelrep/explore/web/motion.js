// Motions, unpacked when they are looked at. pack.py says what the bytes mean.

const KEPT_MOTIONS = 200;
const FOLLOWED_FROM = 1; // metres from where a clip begins

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
    if (!this.shelves.has(number)) {
      this.shelves.set(number, this.arrived(number).then(() => inflate(this.elements[number].textContent)));
    }
    return this.shelves.get(number);
  }

  // The page is used while the rest of it is read: a shelf is whole when something follows it.
  async arrived(number) {
    while (this.elements.length <= number + 1 && document.readyState === 'loading') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
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
    return { clip, samples, bodies, joints, poses, present, seconds: this.seconds[clip], frame: frameOf(poses, bodies * joints) };
  }
}

async function inflate(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// What the figure must show: a circle on the floor, and a height. Who walks out of it is followed.
function frameOf(poses, joints) {
  const along = (i) => 3 * joints * Math.floor(i / (3 * joints)); // SpineBase of the first body
  let path = 0, radius = 0.3, low = 0, high = 1;
  for (let i = 0; i < poses.length; i += 3 * joints) path = Math.max(path, Math.hypot(poses[i], poses[i + 2]));
  const follow = path > FOLLOWED_FROM;
  for (let i = 0; i < poses.length; i += 3) {
    const root = along(i), x = follow ? poses[root] : 0, z = follow ? poses[root + 2] : 0;
    radius = Math.max(radius, Math.hypot(poses[i] - x, poses[i + 2] - z));
    low = Math.min(low, poses[i + 1]);
    high = Math.max(high, poses[i + 1]);
  }
  return { radius, low, high, follow };
}
