// Clips that were selected: which, of what values, and as a list to take away.

const LISTED_CLIPS = 200, LISTED_SHARES = 6;

class Selection {
  constructor(data, onChoose) {
    Object.assign(this, { data, onChoose });
    byId('clear').addEventListener('click', () => update({ selected: new Set() }));
    byId('copy').addEventListener('click', () => this.copy());
    byId('save-text').addEventListener('click', () => save('clips.txt', 'text/plain', this.text()));
    byId('save-json').addEventListener('click', () => save('clips.json', 'application/json', this.json()));
    listen((changed) => {
      if (changed.has('selected') || changed.has('field')) this.show();
    });
  }

  // Select clips; with `add` in addition to those selected before.
  take(clips, add) {
    update({ selected: new Set(add ? [...state.selected, ...clips] : clips) });
    say(`${state.selected.size} clips selected.`);
    if (state.selected.size) byId('selection').scrollIntoView({ block: 'nearest' });
  }

  toggle(clip) {
    const selected = new Set(state.selected);
    if (!selected.delete(clip)) selected.add(clip);
    this.take(selected, false);
  }

  get clips() {
    return [...state.selected].sort((a, b) => a - b);
  }

  show() {
    const { clips } = this;
    if (!clips.length) return;
    byId('selected-count').textContent = `${clips.length.toLocaleString('en')} selected`;
    byId('shares').replaceChildren(...this.shares(clips));
    const items = clips.slice(0, LISTED_CLIPS).map((clip) => this.entry(clip));
    if (clips.length > LISTED_CLIPS) {
      items.push(make('li', 'rest', `and ${(clips.length - LISTED_CLIPS).toLocaleString('en')} more; all are copied and saved`));
    }
    byId('selected').replaceChildren(...items);
  }

  shares(clips) {
    const field = this.data.fields[state.field], counts = new Map();
    for (const clip of clips) counts.set(field.codes[clip], (counts.get(field.codes[clip]) || 0) + 1);
    const largest = [...counts].sort((a, b) => b[1] - a[1]).slice(0, LISTED_SHARES);
    return largest.map(([code, count]) => {
      const item = make('li'), bar = make('i', 'bar-of'), text = code < 0 ? 'not known' : field.texts[code];
      bar.style.background = cssColour(code);
      bar.style.width = `${(100 * count) / clips.length}%`;
      item.append(named(text), make('small', '', count.toLocaleString('en')), bar);
      return item;
    });
  }

  entry(clip) {
    const item = make('li'), button = make('button'), dot = make('i', 'dot');
    button.type = 'button';
    dot.style.background = cssColour(this.data.fields[state.field].codes[clip]);
    button.append(dot, named(this.data.names[clip]));
    button.addEventListener('click', () => this.onChoose(clip));
    button.addEventListener('pointerenter', () => update({ hovered: clip }));
    button.addEventListener('pointerleave', () => update({ hovered: -1 }));
    item.append(button);
    return item;
  }

  // One name a line; a line break inside of a name becomes a space.
  text() {
    return this.clips.map((clip) => this.data.names[clip].replace(/[\r\n\u0085\u2028\u2029]+/g, ' ') + '\n').join('');
  }

  json() {
    const list = this.clips.map((clip) => {
      const known = this.data.fields.filter((field) => field.codes[clip] >= 0);
      const fields = known.map((field) => [field.name, field.texts[field.codes[clip]]]);
      return { row: clip, name: this.data.names[clip], fields: Object.fromEntries(fields) };
    });
    return JSON.stringify(list, null, 1) + '\n';
  }

  async copy() {
    const text = this.text();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyByHand(text);
    }
    say(`${state.selected.size} names copied.`);
    byId('copy').textContent = 'Copied';
    setTimeout(() => { byId('copy').textContent = 'Copy names'; }, 1500);
  }
}

// A page opened from the disk may have no clipboard of its own.
function copyByHand(text) {
  const area = make('textarea', 'unseen');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

function save(name, type, text) {
  const link = make('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
