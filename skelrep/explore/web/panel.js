// The clip that was chosen: what is known of it, its movement, its nearest clips. And the card at the cursor.

class Panel {
  constructor(data, motions, map, onChoose) {
    Object.assign(this, { data, motions, map, onChoose, near: [] });
    this.clock = new Clock();
    this.figure = new Figure(byId('figure'), data.skeleton);
    this.card = new Figure(byId('card-figure'), data.skeleton);
    this.clock.onTick = () => this.showTime();
    byId('play').addEventListener('click', () => this.toggle());
    byId('speed').addEventListener('change', (event) => { this.clock.speed = Number(event.target.value); });
    byId('time').addEventListener('input', (event) => this.seek(event.target.value / 1000));
    byId('close').addEventListener('click', () => onChoose(-1));
    turnByDragging(byId('figure'), (angle) => {
      for (const figure of [this.figure, ...this.near]) figure.turn += angle;
      this.redraw();
    });
    listen((changed) => {
      if (changed.has('chosen')) this.showClip();
      if (changed.has('hovered') || changed.has('field')) this.showCard();
      if (changed.has('chosen') || changed.has('selected')) this.showParts();
    });
    new ResizeObserver(() => this.redraw()).observe(byId('figure'));
    this.showPlaying();
  }

  showParts() {
    byId('clip').hidden = state.chosen < 0;
    byId('selection').hidden = !state.selected.size;
    byId('nothing').hidden = state.chosen >= 0 || state.selected.size > 0;
    document.body.classList.toggle('open', byId('nothing').hidden);
  }

  showClip() {
    const clip = state.chosen;
    if (clip < 0) {
      this.figure.show(-1);
      this.near = [];
      this.follow();
      return;
    }
    byId('clip').hidden = false; // before figures are drawn: they need a size
    byId('name').textContent = shown(this.data.names[clip]);
    byId('facts').replaceChildren(...this.facts(clip));
    byId('figure').setAttribute('aria-label', `Moving figure of ${shown(this.data.names[clip], 60)}`);
    byId('panel').scrollTop = 0;
    const { topK, rows, cosines } = this.data.neighbours;
    const nearest = Array.from({ length: topK }, (_, k) => clip * topK + k);
    const items = nearest.map((at, k) => this.neighbour(rows[at], cosines[at], k));
    byId('neighbours').replaceChildren(...items);
    this.near = items.map((item) => new Figure(item.querySelector('canvas'), this.data.skeleton));
    for (const figure of [this.figure, ...this.near]) figure.turn = this.figure.turn;
    Promise.all([this.figure.show(clip, this.motions), ...nearest.map((at, k) => this.near[k].show(rows[at], this.motions))])
      .catch(() => say('The movements cannot be unpacked by this browser.'));
    this.follow();
  }

  facts(clip) {
    const lines = this.data.fields.map((field) => [field.name, valueOf(field, clip), field.codes[clip]]);
    const facts = lines.filter(([, , code]) => code >= 0).flatMap(([name, value, code], n) => {
      const description = make('dd');
      if (n === state.field) {
        const dot = make('i', 'dot');
        dot.style.background = cssColour(code);
        description.append(dot);
      }
      description.append(named(value));
      return [make('dt', '', shown(name, 40)), description];
    });
    return [...facts, make('dt', '', 'length'), make('dd', '', `${this.motions.seconds[clip].toFixed(1)} s`)];
  }

  neighbour(clip, cosine, k) {
    const item = make('li'), button = make('button'), text = make('span', 'text'), dot = make('i', 'dot');
    const field = this.data.fields[state.field];
    button.type = 'button';
    dot.style.background = cssColour(field.codes[clip]);
    const value = make('span', 'value');
    value.append(dot, named(valueOf(field, clip)));
    text.append(named(this.data.names[clip]), value);
    const canvas = make('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    button.append(canvas, text, make('output', 'cosine', cosine.toFixed(3)));
    if (k < 9) button.append(make('kbd', 'number', String(k + 1)));
    button.addEventListener('click', () => this.onChoose(clip));
    button.addEventListener('pointerenter', () => update({ hovered: clip }));
    button.addEventListener('pointerleave', () => update({ hovered: -1 }));
    item.append(button);
    return item;
  }

  showCard() {
    const clip = state.hovered, card = byId('card');
    const [x, y] = clip < 0 ? [0, 0] : this.map.at(clip);
    const outside = x < 0 || y < 0 || x > this.map.camera.width || y > this.map.camera.height;
    card.hidden = clip < 0 || outside;
    if (!card.hidden) {
      const field = this.data.fields[state.field];
      byId('card-name').textContent = shown(this.data.names[clip], 60);
      byId('card-value').textContent = shown(valueOf(field, clip), 60);
      byId('card-dot').style.background = cssColour(field.codes[clip]);
      const width = card.offsetWidth, height = card.offsetHeight, gap = 18;
      card.style.left = `${x + gap + width > this.map.camera.width ? Math.max(4, x - gap - width) : x + gap}px`;
      card.style.top = `${Math.max(4, Math.min(this.map.camera.height - height - 4, y - height / 2))}px`;
    }
    this.card.turn = this.figure.turn;
    this.card.show(card.hidden ? -1 : clip, this.motions).catch(() => {});
    this.follow();
  }

  // The clock moves what can be seen.
  follow() {
    const figures = state.chosen >= 0 ? [this.figure, ...this.near] : [];
    this.clock.set(byId('card').hidden ? figures : [...figures, this.card]);
  }

  redraw() {
    for (const figure of [this.figure, ...this.near]) figure.draw();
  }

  toggle() {
    this.clock.playing = !this.clock.playing;
    this.clock.wake();
    this.showPlaying();
  }

  showPlaying() {
    byId('play').classList.toggle('playing', this.clock.playing);
    byId('play').setAttribute('aria-label', this.clock.playing ? 'Pause' : 'Play');
  }

  seek(share) {
    if (!this.figure.motion) return;
    if (this.clock.playing) this.toggle();
    for (const figure of [this.figure, ...this.near]) {
      if (figure.motion) figure.time = share * figure.motion.seconds;
      figure.draw();
    }
    this.showTime();
  }

  showTime() {
    const { motion, time } = this.figure;
    if (!motion) return;
    const now = Math.min(time, motion.seconds);
    byId('time').value = motion.seconds ? Math.round((1000 * now) / motion.seconds) : 0;
    byId('clock').textContent = `${now.toFixed(1)} s`;
  }
}

function turnByDragging(canvas, onTurn) {
  let last = null;
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = event.clientX;
  });
  canvas.addEventListener('pointermove', (event) => {
    if (last === null) return;
    onTurn((event.clientX - last) * 0.012);
    last = event.clientX;
  });
  for (const name of ['pointerup', 'pointercancel']) canvas.addEventListener(name, () => { last = null; });
}
