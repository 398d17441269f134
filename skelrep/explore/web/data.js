// What Python wrote: JSON, and arrays as base64 of little-endian numbers (payload.py).

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function arrayOf(base64, Type) {
  return new Type(bytesOf(base64).buffer);
}

function readData() {
  const data = JSON.parse(document.getElementById('data').textContent);
  const places = arrayOf(data.places, Uint16Array);
  data.count = data.names.length;
  data.x = Float32Array.from({ length: data.count }, (_, n) => places[2 * n] / 65535);
  data.y = Float32Array.from({ length: data.count }, (_, n) => 1 - places[2 * n + 1] / 65535);
  for (const field of data.fields) field.codes = arrayOf(field.codes, Int32Array);
  const near = data.neighbours;
  near.rows = arrayOf(near.rows, Uint32Array);
  near.cosines = Float32Array.from(arrayOf(near.cosines, Int16Array), (c) => c / 32767);
  return data;
}

function valueOf(field, clip) {
  const code = field.codes[clip];
  return code < 0 ? 'not known' : field.texts[code];
}

// ---- text on the page: always as text, never as markup

function byId(id) {
  return document.getElementById(id);
}

function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// A name as it is shown: no longer than a person reads, and without signs that cannot be seen or that turn the
// direction of writing.
function shown(name, length = 160) {
  const seen = name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\u00b7');
  const letters = Array.from(seen.slice(0, 2 * length + 2));
  return letters.length > length ? letters.slice(0, length).join('') + '\u2026' : seen;
}

function named(name) {
  return make('bdi', '', shown(name));
}

function say(text) {
  byId('said').textContent = text;
}
