// Search by name, or by a value: every word must occur.

const FOUND_LIMIT = 30;

class Search {
  constructor(data, onChoose) {
    Object.assign(this, { data, onChoose, input: byId('search'), list: byId('found'), clips: [], active: -1 });
    this.input.addEventListener('input', () => this.find());
    this.input.addEventListener('focus', () => this.find());
    this.input.addEventListener('blur', () => setTimeout(() => this.close(), 150));
    this.input.addEventListener('keydown', (event) => this.key(event));
  }

  // What is searched, made when it is first needed.
  get texts() {
    this.lower ??= this.data.names.map((name, clip) => {
      const values = this.data.fields.map((f) => (f.codes[clip] < 0 ? '' : f.texts[f.codes[clip]].slice(0, 200)));
      return [name.slice(0, 400), ...values].join('\n').toLowerCase();
    });
    return this.lower;
  }

  find() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return this.close();
    const all = [];
    this.texts.forEach((text, clip) => words.every((word) => text.includes(word)) && all.push(clip));
    this.clips = all.slice(0, FOUND_LIMIT);
    const items = this.clips.map((clip, n) => this.entry(clip, n));
    if (!all.length) items.push(make('li', 'rest', 'No clip has these words.'));
    if (all.length > 1) items.push(this.selectAll(all));
    this.list.replaceChildren(...items);
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
    this.activate(this.clips.length ? 0 : -1);
    say(`${all.length} clips found.`);
  }

  entry(clip, n) {
    const item = make('li'), dot = make('i', 'dot'), field = this.data.fields[state.field];
    item.id = `found-${n}`;
    item.setAttribute('role', 'option');
    dot.style.background = cssColour(field.codes[clip]);
    item.append(dot, named(this.data.names[clip]), named(valueOf(field, clip)));
    item.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.choose(clip);
    });
    return item;
  }

  selectAll(all) {
    const item = make('li', 'rest'), button = make('button', '', `Select all ${all.length.toLocaleString('en')}`);
    button.type = 'button';
    button.tabIndex = -1;
    button.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      this.close();
      update({ selected: new Set(all) });
    });
    item.append(button);
    return item;
  }

  activate(n) {
    this.active = n;
    [...this.list.children].forEach((item, at) => item.setAttribute('aria-selected', at === n));
    if (n < 0) this.input.removeAttribute('aria-activedescendant');
    else {
      this.input.setAttribute('aria-activedescendant', `found-${n}`);
      this.list.children[n].scrollIntoView({ block: 'nearest' });
    }
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.clips.length) {
      event.preventDefault();
      this.activate((this.active + step + this.clips.length) % this.clips.length);
    } else if (event.key === 'Enter' && this.active >= 0 && !this.list.hidden) this.choose(this.clips[this.active]);
    else if (event.key === 'Escape') {
      event.stopPropagation();
      if (this.list.hidden) this.input.blur();
      this.input.value = '';
      this.close();
    }
  }

  choose(clip) {
    this.close();
    this.input.value = '';
    this.input.blur();
    this.onChoose(clip);
    byId('overlay').focus({ preventScroll: true });
  }

  close() {
    this.list.hidden = true;
    this.clips = [];
    this.active = -1;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}
