// The page, put together.

function setTool(tool) {
  update({ tool });
  for (const button of document.querySelectorAll('[data-tool]')) {
    button.setAttribute('aria-pressed', button.dataset.tool === tool);
  }
  byId('overlay').classList.toggle('drawing', tool !== 'move');
}

function start() {
  readTheme();
  if (window.matchMedia('(max-width: 760px)').matches) byId('legend').open = false;
  const data = readData();
  const motions = new Motions(data.motions, data.skeleton);
  document.title = `${shown(data.title, 80)} \u2013 skelrep atlas`;
  byId('title').textContent = shown(data.title, 80);
  byId('summary').textContent = `${data.count.toLocaleString('en')} clips \u00b7 ${data.mapName}`;
  byId('overlay').setAttribute('aria-label', `Map of ${data.count} clips`);

  const map = new AtlasMap(data);
  const choose = (clip) => {
    if (clip >= 0) map.camera.reveal(data.x[clip], data.y[clip]);
    update({ chosen: clip, hovered: -1, focused: clip < 0 ? state.focused : clip });
    if (clip >= 0) say(`${shown(data.names[clip], 80)} chosen.`);
  };
  const panel = new Panel(data, motions, map, choose);
  const selection = new Selection(data, choose);
  const legend = new Legend(data);
  const search = new Search(data, choose);
  const keys = new Keys({ data, map, panel, legend, selection, search, choose });
  new Gestures(map, choose, (clips, add) => selection.take(clips, add));

  for (const button of document.querySelectorAll('[data-tool]')) {
    button.addEventListener('click', () => setTool(button.dataset.tool));
  }
  byId('zoom-in').addEventListener('click', () => keys.zoom(1.4));
  byId('zoom-out').addEventListener('click', () => keys.zoom(1 / 1.4));
  byId('fit').addEventListener('click', () => keys.zoom(0));
  byId('theme').addEventListener('click', toggleTheme);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    readTheme();
    update({ themed: isDark() });
  });
  listen((changed) => changed.has('themed') && panel.redraw());
  performance.mark('atlas-ready');
  document.documentElement.dataset.ready = 'yes';
}

start();
