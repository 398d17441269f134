// What the colours mean: the field, and its values, each of which can be shown alone.

const LISTED_VALUES = 60;

class Legend {
  constructor(data) {
    this.data = data;
    data.fields.forEach((field, n) => {
      const option = make('option', '', shown(field.name, 40));
      option.value = n;
      byId('field').append(option);
    });
    byId('field').addEventListener('change', (event) => this.choose(Number(event.target.value)));
    listen((changed) => changed.has('field') && this.list());
    listen((changed) => changed.has('alone') && this.mark());
    this.list();
  }

  choose(field) {
    update({ field, alone: new Set() });
    byId('field').value = field;
    say(`Coloured by ${shown(this.data.fields[field].name, 40)}.`);
  }

  next() {
    this.choose((state.field + 1) % this.data.fields.length);
  }

  list() {
    const field = this.data.fields[state.field];
    const counts = new Map();
    for (const code of field.codes) counts.set(code, (counts.get(code) || 0) + 1);
    const codes = [...field.texts.keys()].slice(0, LISTED_VALUES);
    this.entries = codes.map((code) => this.entry(field.texts[code], code, counts.get(code) || 0));
    if (counts.has(-1)) this.entries.push(this.entry('not known', -1, counts.get(-1)));
    byId('colours').replaceChildren(...this.entries);
    const rest = field.texts.length - codes.length;
    if (rest > 0) byId('colours').append(make('li', 'rest', `and ${rest.toLocaleString('en')} more values`));
  }

  entry(text, code, count) {
    const item = make('li'), button = make('button'), dot = make('i', 'dot');
    button.type = 'button';
    button.dataset.code = code;
    button.setAttribute('aria-pressed', 'false');
    dot.style.background = cssColour(code);
    button.append(dot, named(text), make('small', '', count.toLocaleString('en')));
    button.addEventListener('click', () => this.toggle(code));
    item.append(button);
    return item;
  }

  toggle(code) {
    const alone = new Set(state.alone);
    if (!alone.delete(code)) alone.add(code);
    update({ alone, hovered: -1 });
  }

  mark() {
    for (const button of byId('colours').querySelectorAll('button')) {
      const alone = state.alone.has(Number(button.dataset.code));
      button.setAttribute('aria-pressed', alone);
      button.classList.toggle('muted', state.alone.size > 0 && !alone);
    }
  }
}
