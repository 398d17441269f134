// Dark or light: the reader's system decides, a button overrules it. Canvases take their colours from the style.

const THEMED = [
  'ink', 'paper', 'panel', 'accent', 'line', 'thread', 'wash', 'left', 'right', 'middle', 'floor', 'stage',
];
const theme = {};

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  for (const name of THEMED) theme[name] = colour(name);
  theme.ground = [1, 3, 5].map((i) => parseInt(theme.paper.slice(i, i + 2), 16));
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
}

function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
  readTheme();
  update({ themed: document.documentElement.dataset.theme });
}
