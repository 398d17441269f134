// Everything by keyboard.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Keys {
  constructor(page) {
    Object.assign(this, page);
    byId('help').addEventListener('click', () => byId('keys').showModal());
    byId('keys-close').addEventListener('click', () => byId('keys').close());
    document.addEventListener('keydown', (event) => this.press(event));
    byId('overlay').addEventListener('focus', () => state.focused < 0 && this.focus(this.nearestToMiddle()));
  }

  press(event) {
    const typing = event.target.closest('input[type=search], select');
    if (event.ctrlKey || event.metaKey || event.altKey || typing || byId('keys').open) return;
    const onMap = event.target === byId('overlay') || event.target === document.body;
    const action = onMap ? this.onMap(event.key) ?? this.anywhere(event.key) : this.anywhere(event.key);
    if (!action || (event.target.matches('input') && event.key !== 'Escape')) return;
    event.preventDefault();
    action();
  }

  onMap(key) {
    if (ARROWS[key]) return () => this.step(...ARROWS[key]);
    if (key === 'Enter' && state.focused >= 0) return () => this.choose(state.focused);
    return key === ' ' ? () => this.panel.toggle() : undefined;
  }

  anywhere(key) {
    const tools = { v: 'move', l: 'lasso', b: 'box' };
    if (tools[key]) return () => setTool(tools[key]);
    if (key >= '1' && key <= '9') return () => this.neighbour(Number(key) - 1);
    return {
      '/': () => byId('search').focus(),
      '?': () => byId('keys').showModal(),
      '+': () => this.zoom(1.4),
      '=': () => this.zoom(1.4),
      '-': () => this.zoom(1 / 1.4),
      0: () => this.zoom(0),
      c: () => this.legend.next(),
      t: toggleTheme,
      s: () => state.focused >= 0 && this.selection.toggle(state.focused),
      Escape: () => this.leave(),
    }[key];
  }

  step(dx, dy) {
    const next = state.focused < 0
      ? this.nearestToMiddle()
      : this.map.grid.towards(state.focused, dx, dy, (clip) => this.map.shows(clip));
    if (next >= 0) this.focus(next);
  }

  nearestToMiddle() {
    const { camera, grid } = this.map;
    return grid.nearest(camera.x, camera.y, 2, (clip) => this.map.shows(clip));
  }

  focus(clip) {
    if (clip < 0) return;
    this.map.camera.reveal(this.data.x[clip], this.data.y[clip]);
    update({ focused: clip, hovered: clip });
    const known = this.data.fields.filter((field) => field.codes[clip] >= 0);
    say([shown(this.data.names[clip], 80), ...known.map((f) => `${f.name} ${shown(valueOf(f, clip), 60)}`)].join(', '));
  }

  neighbour(k) {
    const { topK, rows } = this.data.neighbours;
    if (state.chosen >= 0 && k < topK) this.choose(rows[state.chosen * topK + k]);
  }

  zoom(factor) {
    const { camera } = this.map;
    if (!factor) camera.fit();
    else if (state.focused >= 0) camera.zoom(factor, ...this.map.at(state.focused));
    else camera.zoom(factor);
    update({ hovered: -1 });
    this.map.redraw();
  }

  // One thing at a time: the clip, the selection, the legend, the tool.
  leave() {
    if (this.map.outline.length) this.map.outline = [];
    else if (state.chosen >= 0) this.choose(-1);
    else if (state.selected.size) update({ selected: new Set() });
    else if (state.alone.size) update({ alone: new Set() });
    else setTool('move');
    this.map.redraw();
  }
}
